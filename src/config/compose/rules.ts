// An entry of virtual_rules or static_rules → the rule. One with a word that is not acted upon is left out as
// a whole.
import type { Located } from '../../core/diagnostic.ts';
import { RULE_ACTIONS, type Rule } from '../../core/rule.ts';
import { RTPROT_KEEPALIVED } from '../names.ts';
import { familyOfWord, type RouteValues } from '../schema/routing-words.ts';
import { type EntryContext, EntryReader, PROTOCOLS } from './routing-words.ts';

/** keepalived's: the first rule without one is there, the next before it, in each family. */
const FIRST_PRIORITY = 16_384;

export function composeRule(
  { value, at }: Located<RouteValues>,
  context: EntryContext,
): Located<Rule> | undefined {
  const given = new EntryReader(value, 'a rule', context);
  const names = Object.keys(value);
  const isIPv6 = names.some((word) => familyOfWord(word, value[word]!.value) === 6);
  const [mark, mask] = given.text('fwmark')?.split('/') ?? [];
  const rule: Record<keyof Rule, Rule[keyof Rule] | undefined> = {
    family: isIPv6 ? 6 : 4,
    action: actionOf(given),
    table: given.named('rt_tables', 'table', 'lookup'),
    ofVrf: yes(given.has('l3mdev')),
    goto: given.number('goto'),
    priority: given.number('preference', 'order', 'priority'),
    not: yes(given.has('not')),
    from: given.prefix('from'),
    to: given.prefix('to'),
    tos: given.named('rt_dsfield', 'tos', 'dsfield'),
    mark: mark === undefined ? undefined : Number(mark),
    mask: mask === undefined ? undefined : Number(mask),
    realms: given.realms('realms'),
    suppressLength: given.number('suppress_prefixlength', 'sup_pl'),
    suppressGroup: given.named('group', 'suppress_ifgroup', 'sup_group'),
    in: given.text('iif', 'dev'),
    out: given.text('oif'),
    tunnel: tunnelOf(given),
    users: rangeOf(given, 'uidrange'),
    ipProtocol: given.named(PROTOCOLS, 'ipproto'),
    sourcePorts: rangeOf(given, 'sport'),
    destinationPorts: rangeOf(given, 'dport'),
    origin: given.named('rt_protos', 'protocol') ?? RTPROT_KEEPALIVED,
    untracked: yes(given.has('no_track')),
  };
  if (given.isLeftOut) return undefined;
  const said = Object.entries(rule).filter(([, each]) => each !== undefined);
  return { at, value: Object.fromEntries(said) as Rule };
}

/** Those without a priority get keepalived's, in the order of the file. */
export function placeRules(lists: readonly Located<Rule>[][]): void {
  const next = { 4: FIRST_PRIORITY, 6: FIRST_PRIORITY };
  const inOrder = lists.flat().sort((a, b) => a.at.source - b.at.source || a.at.start - b.at.start);
  for (const rule of inOrder) {
    if (rule.value.priority !== undefined) continue;
    rule.value = { ...rule.value, priority: next[rule.value.family]-- };
  }
}

function actionOf(given: EntryReader): Rule['action'] {
  const type = given.text('type');
  const named = Object.keys(RULE_ACTIONS) as Rule['action'][];
  return named.find((name) => name !== 'table' && (type === name || given.has(name))) ?? 'table';
}

function tunnelOf(given: EntryReader): string | undefined {
  const id = given.text('tunnel-id');
  return id === undefined ? undefined : BigInt(id).toString();
}

function rangeOf(given: EntryReader, word: string): [number, number] | undefined {
  const [first, last] = given.text(word)?.split('-') ?? [];
  return first === undefined || last === undefined ? undefined : [Number(first), Number(last)];
}

function yes(is: boolean): true | undefined {
  return is ? true : undefined;
}
