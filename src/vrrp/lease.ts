// How long a virtual address stays when nobody renews it, and how often it is renewed. A kernel changes
// addresses one at a time: in the lab's guest 5,000 take it 2 to 5 s, and leases of 4 s ran out faster than
// they were renewed.
import type { InstanceSettings } from './settings.ts';

/** Two renewals may fail or be late before an address is lost. */
const RENEWALS = 3;
/** So much of a lease each address has for itself; three renewals take a quarter of it at worst. */
const ROOM_MS = 6;

type Leases = {
  leaseSeconds: number;
  instances: readonly Pick<InstanceSettings, 'vips' | 'excludedVips'>[];
};

/** valid_lft: `vip_lease`, longer with more than some 600 addresses; 0 = no end. */
export function leaseSecondsFor({ leaseSeconds, instances }: Leases): number {
  if (leaseSeconds === 0) return 0;
  const addresses = instances.reduce(
    (sum, { vips, excludedVips }) => sum + vips.length + excludedVips.length,
    0,
  );
  return Math.max(leaseSeconds, Math.ceil((addresses * ROOM_MS) / 1000));
}

/** From one renewal to the next; 0 = never. */
export function renewEachMs(leases: Leases): number {
  return (leaseSecondsFor(leases) * 1000) / RENEWALS;
}
