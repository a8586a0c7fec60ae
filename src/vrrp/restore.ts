// Addresses of ours that somebody else took away: put back at once, but without end and without pause never,
// because two programs that each know better would else fill the machine with their fight.
import type { Address } from '../core/address.ts';
import { request } from './announcements.ts';
import type { Elector } from './elector.ts';
import { allVips, count, type Instance, notice, type Turn } from './instance.ts';
import type { VirtualAddress } from './settings.ts';

/** So often in such a time an address comes back at once; then only at the end of it. */
const AT_ONCE = 5;
const WITHIN_MS = 10_000;

export function restore(elector: Elector, device: string, address: Address, turn: Turn): void {
  for (const instance of elector.instances.values()) {
    // A router that is not sure to be master does not fight for an address.
    if (instance.router.state !== 'MASTER') continue;
    const vips = allVips(instance.own).filter((vip) => vip.interface === device && vip.address === address);
    const tracked = vips.filter((vip) => !vip.untracked);
    for (const vip of vips) if (vip.untracked) instance.letGo.add(vip);
    if (tracked.length > 0) putBack(elector, instance, tracked, turn);
  }
}

function putBack(elector: Elector, instance: Instance, vips: readonly VirtualAddress[], turn: Turn): void {
  const { address, prefixLength, interface: device } = vips[0]!;
  const vip = `${address}/${prefixLength}`;
  const times = timesOf(instance, `${device} ${vip}`, turn.nowMs);
  count(instance, 'addressesLost');
  const fields = { vip, interface: device };
  if (times <= AT_ONCE) {
    turn.actions.push({ do: 'addVips', vips });
    request(turn.announcements, instance.own.name, vips, 1);
    const message = `${vip} on ${device} was removed by somebody else: put back`;
    notice(instance, 'vip.restored', message, fields, turn);
    return;
  }
  elector.restoreAtMs = Math.min(elector.restoreAtMs, turn.nowMs + WITHIN_MS);
  const message = `somebody keeps removing ${vip} on ${device}: put back within ${WITHIN_MS / 1000} s`;
  if (times === AT_ONCE + 1) notice(instance, 'vip.contested', message, fields, turn);
}

function timesOf(instance: Instance, place: string, nowMs: number): number {
  const before = instance.losses.get(place);
  const since =
    before !== undefined && nowMs - before.sinceMs < WITHIN_MS ? before : { sinceMs: nowMs, times: 0 };
  since.times += 1;
  instance.losses.set(place, since);
  return since.times;
}
