// One virtual MAC on both directors, or a failover has to change the caches of all neighbours.
import type { VrrpInstance } from '../model.ts';
import type { PairReport } from './pair-report.ts';

/** Names of interfaces are each director's own business. */
export function compareVirtualMacs([a, b]: readonly [VrrpInstance, VrrpInstance], pair: PairReport): void {
  const macs = [a, b].map(({ vmac }) => (vmac === undefined ? 'none' : (vmac.mac ?? 'the usual one')));
  if (macs[0] === macs[1]) return;
  const places = [a.vmac?.at ?? a.name.at, b.vmac?.at ?? b.name.at] as const;
  const message = `another virtual MAC than on the other director: here ${macs[1]}, there ${macs[0]}`;
  const hint = 'give both the same use_vmac, so that neighbours notice nothing of a failover';
  pair.add('CFG_PAIR_VMAC', places, message, 'the other director', hint);
}
