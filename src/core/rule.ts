// A policy rule as a file gives it and the kernel takes it. Numbers of <linux/fib_rules.h>.
import type { Prefix } from './address.ts';

/** FR_ACT_* */
export const RULE_ACTIONS = {
  table: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;
type Range = readonly [first: number, last: number];

export type Rule = {
  family: 4 | 6;
  action: keyof typeof RULE_ACTIONS;
  /** Of action `table`, if it is not the one of a VRF. */
  table?: number;
  ofVrf?: true;
  goto?: number;
  /** The lowest comes first; undefined = the kernel finds a place. */
  priority?: number;
  /** Packets that do not match. */
  not?: true;
  from?: Prefix;
  to?: Prefix;
  tos?: number;
  mark?: number;
  mask?: number;
  /** The first of two in the upper half. */
  realms?: number;
  suppressLength?: number;
  suppressGroup?: number;
  in?: string;
  out?: string;
  /** 64 bits, in decimal. */
  tunnel?: string;
  users?: Range;
  ipProtocol?: number;
  sourcePorts?: Range;
  destinationPorts?: Range;
  /** RTPROT_*: who made it. */
  origin: number;
  /** Not put back when somebody else removes it. */
  untracked?: true;
};

/** In iproute2's words: `100: from 10.0.0.0/8 lookup 100`. */
export function ruleName(rule: Rule): string {
  const words = [`${rule.priority ?? 'somewhere'}:`];
  const say = (word: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(`${word} ${value}`);
  };
  if (rule.not) words.push('not');
  say('from', prefixName(rule.from) ?? 'all');
  say('to', prefixName(rule.to));
  say('tos', rule.tos);
  say('fwmark', rule.mark === undefined ? undefined : marked(rule.mark, rule.mask));
  say('iif', rule.in);
  say('oif', rule.out);
  if (rule.ofVrf) words.push('l3mdev');
  say('tun_id', rule.tunnel);
  say('uidrange', rule.users?.join('-'));
  say('ipproto', rule.ipProtocol);
  say('sport', rule.sourcePorts?.join('-'));
  say('dport', rule.destinationPorts?.join('-'));
  say('realms', rule.realms === undefined ? undefined : realmsName(rule.realms));
  if (rule.action !== 'table' && rule.action !== 'goto') words.push(rule.action);
  say('lookup', rule.table);
  say('goto', rule.goto);
  say('suppress_prefixlength', rule.suppressLength);
  say('suppress_ifgroup', rule.suppressGroup);
  if (rule.family === 6) words.push('inet6');
  if (rule.untracked) words.push('no_track');
  return words.join(' ');
}

/** `3/4`, or `4` where there is no first. */
function realmsName(realms: number): string {
  const first = realms >>> 16;
  return first === 0 ? String(realms) : `${first}/${realms & 0xffff}`;
}

function marked(mark: number, mask: number | undefined): string {
  const hex = (number: number) => `0x${number.toString(16)}`;
  return mask === undefined ? hex(mark) : `${hex(mark)}/${hex(mask)}`;
}

function prefixName(prefix: Prefix | undefined): string | undefined {
  return prefix === undefined ? undefined : `${prefix.address}/${prefix.length}`;
}
