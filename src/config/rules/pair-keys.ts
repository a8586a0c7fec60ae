// The keys and passwords of two directors' adverts: does each take what the other sends? Neither is shown.
import type { Span } from '../../core/diagnostic.ts';
import type { AuthHmac, SharedKey, VrrpInstance } from '../model.ts';
import { isSamePassword } from '../schema/authentication.ts';
import type { PairReport } from './pair-report.ts';

type Match = readonly [VrrpInstance, VrrpInstance];
type Complain = (places: readonly [Span, Span], message: string, note: string, hint: string) => void;

export function compareSecrets(match: Match, pair: PairReport): void {
  comparePasswords(match, pair);
  const [a, b] = match;
  if (a.hmac !== undefined && b.hmac !== undefined) {
    compareKeys(a.hmac, b.hmac, pair);
    compareSigning(a.hmac, b.hmac, pair);
  } else reportOneSided(match, pair);
}

function comparePasswords([a, b]: Match, pair: PairReport): void {
  const [one, other] = [a.password, b.password];
  if (one === undefined && other === undefined) return;
  const hint = 'directors of one virtual router drop adverts with another password, or with none';
  if (one !== undefined && other !== undefined) {
    if (isSamePassword(one.value, other.value)) return;
    const note = 'the password of the other director';
    pair.add('CFG_PAIR_PASSWORD', [one.at, other.at], 'another password than the other director', note, hint);
    return;
  }
  const [there, here] = other === undefined ? ['a password', 'none'] : ['no password', 'one'];
  const places = [one?.at ?? a.name.at, other?.at ?? b.name.at] as const;
  const message = `adverts of the other director carry ${there}, and these ${here}`;
  pair.add('CFG_PAIR_PASSWORD', places, message, `${there} on the other director`, hint);
}

/** Who does not know of signatures drops what is signed; keys are brought in by way of `receive-only`. */
function reportOneSided([a, b]: Match, pair: PairReport): void {
  const signed = a.hmac ?? b.hmac;
  if (signed === undefined || signed.mode.value === 'receive-only') return;
  const places = [a.hmac?.at ?? a.name.at, b.hmac?.at ?? b.name.at] as const;
  const [there, here] = a.hmac === undefined ? ['no auth_hmac', 'has'] : ['auth_hmac', 'has not'];
  const message = `the other director has ${there}, and this one ${here}: they drop each other's adverts`;
  const hint = 'bring keys in with `mode receive-only` on both, then permissive, then enforce';
  pair.add('CFG_PAIR_KEY', places, message, `${there} on the other director`, hint);
}

function compareKeys(a: AuthHmac, b: AuthHmac, pair: PairReport): void {
  const others = new Map(a.keys.map((key) => [key.id.value, key]));
  for (const key of b.keys) {
    const other = others.get(key.id.value);
    if (other === undefined || isSameKey(key, other)) continue;
    const message = `key ${key.id.value} is another one than on the other director`;
    const hint = 'adverts that one of them signs with it the other drops';
    pair.add('CFG_PAIR_KEY', [other.at, key.at], message, 'the key of that id there', hint);
  }
}

/** Of a file that has not been read nothing is known. */
export function isSameKey({ source: one }: SharedKey, { source: other }: SharedKey): boolean {
  return !('hex' in one) || !('hex' in other) || one.hex === other.hex;
}

function compareSigning(a: AuthHmac, b: AuthHmac, pair: PairReport): void {
  const complain: Complain = (places, message, note, hint) =>
    pair.add('CFG_PAIR_KEY', places, message, note, hint);
  const knows = ({ keys }: AuthHmac, id: number) => keys.some((key) => key.id.value === id);
  const signs = ({ mode }: AuthHmac) => mode.value !== 'receive-only';
  const hint = 'first both have both keys, then each signs with the new one, then the old one goes';
  if (signs(a) && !knows(b, a.activeKey.value)) {
    const message = `there is no key ${a.activeKey.value} here, with which the other director signs`;
    complain([a.activeKey.at, b.at], message, 'it signs with this one', hint);
  }
  if (signs(b) && !knows(a, b.activeKey.value)) {
    const message = `this director signs with key ${b.activeKey.value}, which the other one does not have`;
    complain([a.at, b.activeKey.at], message, 'the keys there', hint);
  }
  const isDropped = (from: AuthHmac, to: AuthHmac) => !signs(from) && to.mode.value === 'enforce';
  if (isDropped(a, b) || isDropped(b, a)) {
    const message = `mode is ${b.mode.value} here and ${a.mode.value} on the other director`;
    const next = 'who enforces drops the unsigned adverts of receive-only: permissive comes between';
    complain([a.mode.at, b.mode.at], message, `${a.mode.value} on the other director`, next);
  } else pair.compare('CFG_PAIR_SIGNING', 'mode', [a.mode, b.mode], 'until all of them sign');
  pair.compare('CFG_PAIR_SIGNING', 'anti_replay', [a.antiReplay, b.antiReplay]);
  if (a.antiReplay.value === 'time' && b.antiReplay.value === 'time')
    pair.compare('CFG_PAIR_SIGNING', 'time_window', [a.windowSeconds, b.windowSeconds]);
}
