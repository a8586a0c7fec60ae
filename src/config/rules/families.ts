// Addresses of an instance that are not of the family it speaks.
import { type Address, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { familyOfInstance } from '../family.ts';
import type { VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';

/** Leaves them out, as keepalived does. */
export function checkFamilies(instance: VrrpInstance, report: Report): void {
  const family = familyOfInstance(instance);
  const isOther = ({ value, at }: Located<Address>, what: string) => {
    if (familyOf(value) === family) return false;
    const message = `${what} ${value} is not IPv${family}, which ${instance.name.value} speaks`;
    report.add('CFG_CONTRADICTION', at, message);
    return true;
  };
  if (instance.sourceAddress !== undefined && isOther(instance.sourceAddress, 'the source address')) {
    delete instance.sourceAddress;
    delete instance.tracksSource;
  }
  instance.unicastPeers = instance.unicastPeers.filter((peer) => !isOther(peer, 'the peer'));
}
