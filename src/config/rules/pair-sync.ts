// The connection sync of two directors: one sends what the other listens to, or sessions die at a failover.
import { address } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Configuration, SyncDaemonSetting } from '../model.ts';
import type { PairReport } from './pair-report.ts';
import type { Match } from './pair-vrrp.ts';

/** <linux/ip_vs.h>: where the kernel's sync daemon sends when nothing is said. */
const USUAL_GROUP = address('224.0.0.81');
const USUAL_PORT = 8848;

export function compareSync(
  a: Configuration,
  b: Configuration,
  matches: readonly Match[],
  pair: PairReport,
): void {
  const [first, second] = [a.global.syncDaemon, b.global.syncDaemon];
  if (first === undefined && second === undefined) return;
  if (first === undefined || second === undefined) {
    const at = (first ?? second)!.at;
    const message = 'lvs_sync_daemon is not on the other director: no connection survives a failover';
    pair.alone('CFG_PAIR_SYNC', first === undefined ? 'second' : 'first', at, message);
    return;
  }
  const hint = 'each director drops what is not for its own';
  pair.compare('CFG_PAIR_SYNC', 'the sync id', [idOf(first, a), idOf(second, b)], hint);
  const usual = <T>(value: T, { at }: SyncDaemonSetting): Located<T> => ({ value, at });
  const groups = [first, second].map((sync) => sync.group ?? usual(USUAL_GROUP, sync));
  pair.compare('CFG_PAIR_SYNC', 'the sync group', [groups[0]!, groups[1]!], hint);
  const ports = [first, second].map((sync) => sync.port ?? usual(USUAL_PORT, sync));
  pair.compare('CFG_PAIR_SYNC', 'the sync port', [ports[0]!, ports[1]!], hint);
  if (first.maxlen !== undefined && second.maxlen !== undefined)
    pair.compare(
      'CFG_PAIR_SYNC',
      'the sync maxlen',
      [first.maxlen, second.maxlen],
      'longer ones are cut off',
    );
  compareLeaders(first, second, matches, pair);
}

function idOf(sync: SyncDaemonSetting, { instances }: Configuration): Located<number> {
  if (sync.id !== undefined) return sync.id;
  const leader = instances.find(({ name }) => name.value === sync.instance?.value);
  return { value: leader?.virtualRouterId.value ?? 0, at: sync.at };
}

/** The instance decides who sends and who listens: it has to be the same one. */
function compareLeaders(
  { instance: first }: SyncDaemonSetting,
  { instance: second }: SyncDaemonSetting,
  matches: readonly Match[],
  pair: PairReport,
): void {
  if (first === undefined || second === undefined) return;
  const match = matches.find(([a]) => a.name.value === first.value);
  if (match === undefined || match[1].name.value === second.value) return;
  const message = `lvs_sync_daemon follows ${second.value} here and ${first.value} on the other director`;
  const hint = 'both may be MASTER of theirs: then both send and nobody listens';
  pair.add('CFG_PAIR_SYNC', [first.at, second.at], message, 'another virtual router', hint);
}
