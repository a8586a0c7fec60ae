// Which interface an instance has: the one of `interface`, or, by unicast, that of a VRF. Adverts then leave
// by the routes of the VRF, and come by whichever of its interfaces.
import type { Located } from '../../core/diagnostic.ts';
import type { VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, mentioned, type Settings } from '../settings.ts';

type Instance = Settings<typeof VRRP_INSTANCE>;

/** Undefined when there is none, which has been said. */
export function interfaceOf(settings: Instance, report: Report): Located<string> | undefined {
  const [device, vrf] = [last(settings, 'interface'), last(settings, 'vrf')];
  if (device !== undefined && vrf !== undefined) {
    const message = 'a vrf is for an instance without interface: it is left out';
    report.add('CFG_CONTRADICTION', vrf.at, message, `${device.value} is in its VRF, if it is in one`);
  }
  if (device !== undefined || vrf !== undefined) return device ?? vrf;
  // What was wrong with it has been said; with --compat that is no error, but this is.
  if (report.compat || !mentioned(settings, 'interface'))
    report.add('CFG_INCOMPLETE', settings.at, 'this vrrp_instance has no interface');
  return undefined;
}

/** What an instance needs that has no interface of its own. */
export function checkVrf(settings: Instance, instance: VrrpInstance, report: Report): void {
  const vrf = last(settings, 'vrf');
  if (vrf === undefined || instance.interface !== vrf) return;
  const need = (what: string, hint: string) =>
    report.add('CFG_INCOMPLETE', vrf.at, `with a vrf instead of an interface ${what}`, hint);
  if (instance.unicastPeers.length === 0) need('adverts go to a peer', 'name it in unicast_peer');
  if (instance.sourceAddress === undefined)
    need('adverts need a source', 'give unicast_src_ip, an address in the VRF');
  const homeless = [...instance.virtualAddresses, ...instance.virtualAddressesExcluded].find(
    (vip) => vip.interface === undefined,
  );
  if (homeless !== undefined)
    report.add('CFG_INCOMPLETE', homeless.at, 'with a vrf instead of an interface an address needs its dev');
  if (instance.tracksSource === undefined) return;
  const message = 'track_src_ip watches the own interface, and there is none: it is left out';
  report.add('CFG_REDUNDANT', instance.tracksSource.at, message);
  delete instance.tracksSource;
}
