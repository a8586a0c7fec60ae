// `sync { … }` of two directors: each listens where the other looks for it, and they know each other.
import { endpoint } from '../../core/address.ts';
import type { SyncPlace, SyncSetting } from '../model.ts';
import type { PairReport } from './pair-report.ts';
import { compareProofs } from './pair-sync-proof.ts';

export function compareSyncStreams(
  a: SyncSetting | undefined,
  b: SyncSetting | undefined,
  pair: PairReport,
): void {
  if (a === undefined || b === undefined) {
    const one = a ?? b;
    if (one === undefined) return;
    const message = 'the other director has no sync { … }: neither learns of the sessions of the other';
    return pair.alone('CFG_PAIR_SYNC', a === undefined ? 'second' : 'first', one.at, message);
  }
  if (!isSame(a.listen, b.peer)) {
    const message = `the peer is ${text(b.peer)} here, and the other director listens at ${text(a.listen)}`;
    pair.add('CFG_PAIR_SYNC', [a.listen.address.at, b.peer.address.at], message, 'it listens here');
  }
  if (!isSame(b.listen, a.peer)) {
    const message = `this director listens at ${text(b.listen)}, and the other one's peer is ${text(a.peer)}`;
    pair.add('CFG_PAIR_SYNC', [a.peer.address.at, b.listen.address.at], message, 'its peer');
  }
  compareProofs(a, b, pair);
}

function isSame(one: SyncPlace, other: SyncPlace): boolean {
  return one.address.value === other.address.value && one.port === other.port;
}

function text({ address: { value }, port }: SyncPlace): string {
  return endpoint(value, port);
}
