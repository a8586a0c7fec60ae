// How many addresses one advert has room for: what is more moves with the instance without being advertised,
// as in keepalived, which counts the Ethernet header to the MTU. Two directors have to count alike, because
// a BACKUP may drop adverts with other addresses than its own.
import { familyOf, isLinkLocal } from '../core/address.ts';
import { TRAILER_LENGTH } from './auth.ts';
import type { Elector } from './elector.ts';
import { familyOfRouter } from './family.ts';
import { type Instance, notice, type Turn } from './instance.ts';
import type { InstanceSettings } from './settings.ts';

const USUAL_MTU = 1500;
const ETHERNET = 14;
const IP = { 4: 20, 6: 40 } as const;
const ADDRESS = { 4: 4, 6: 16 } as const;
const VRRP = 8;
const PASSWORD = 8;
/** Their count is one byte. */
const MOST = 255;

/** Its link's MTU may have changed, too. */
export function followRoom(elector: Elector, instance: Instance, turn: Turn): void {
  const { settings, own } = instance;
  const mtu = elector.links.get(own.interface)?.mtu ?? USUAL_MTU;
  const fitted = fitToLink(settings, mtu);
  if (fitted.vips.length === own.vips.length) return;
  instance.own = { ...fitted, priority: own.priority };
  instance.packets = undefined;
  const [count, most] = [settings.vips.length, fitted.vips.length];
  if (most === count) return;
  const message =
    `Number of VIPs (${count}) exceeds maximum/space available in packet ` +
    `(max ${most} addresses, MTU ${mtu}) - excess moved to eVIPs`; // keepalived's words, but for the MTU
  notice(instance, 'vrrp.advert.full', message, { interface: own.interface, mtu, count, most }, turn);
}

/** The same settings where everything fits. */
export function fitToLink(own: InstanceSettings, mtu: number): InstanceSettings {
  const family = familyOfRouter(own);
  const password = own.version === 2 ? PASSWORD : 0;
  const trailer = own.hmac === undefined ? 0 : TRAILER_LENGTH;
  const room = mtu - ETHERNET - IP[family] - VRRP - password - trailer;
  const most = Math.max(1, Math.min(MOST, Math.floor(room / ADDRESS[family])));
  if (own.vips.length <= most) return own;
  // RFC 9568 §5.2.9: a link-local address has to be there.
  const isFirst = ({ address }: { address: InstanceSettings['vips'][number]['address'] }) =>
    familyOf(address) === 6 && isLinkLocal(address);
  const vips = own.vips.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)));
  return { ...own, vips: vips.slice(0, most), excludedVips: [...vips.slice(most), ...own.excludedVips] };
}
