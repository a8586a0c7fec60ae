// `use_vmac` and the words around it → their part of an instance.
import type { Located } from '../../core/diagnostic.ts';
import type { VirtualMacSetting, VrrpInstance } from '../model.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings } from '../settings.ts';
import type { EntryContext } from './routing-words.ts';

export function composeVirtualMac(
  settings: Settings<typeof VRRP_INSTANCE>,
  { unicastPeers, virtualRouterId }: Pick<VrrpInstance, 'unicastPeers' | 'virtualRouterId'>,
  context: EntryContext,
): VirtualMacSetting | undefined {
  const { report } = context;
  const device = last(settings, 'use_vmac');
  const onBase = last(settings, 'vmac_xmit_base');
  if (device === undefined) {
    if (onBase !== undefined)
      report.add('CFG_REDUNDANT', onBase.at, 'vmac_xmit_base says nothing without use_vmac: it is left out');
    return undefined;
  }
  // A peer is an address, and routes to it lead through the base: keepalived sets it too, and says so.
  const isUnicast = unicastPeers.length > 0;
  if (isUnicast && onBase === undefined)
    report.add(
      'CFG_DEFAULT',
      device.at,
      'unicast adverts go through the base interface, as with vmac_xmit_base',
      'write vmac_xmit_base as well',
    );
  const { name, mac, group } = device.value;
  return {
    at: device.at,
    ...(name === undefined ? {} : { name }),
    ...(mac === undefined ? {} : { mac: wholeMac(mac, virtualRouterId.value) }),
    ...deviceGroup(group, context),
    sendsOnBase: isUnicast || onBase !== undefined,
  };
}

/** The number of a group of interfaces; one that nobody knows is left out. */
export function deviceGroup(
  group: Located<string> | undefined,
  { names, report }: EntryContext,
): { group?: number } {
  if (group === undefined) return {};
  const number = names.numberOf('group', group.value);
  if (number !== undefined) return { group: number };
  const message = `nobody knows the number of the group "${group.value}": it is left out`;
  report.add('CFG_NAME', group.at, message, 'name it in /etc/iproute2/group, or write the number');
  return {};
}

/** Of a MAC address that lacks its last byte the virtual_router_id is that. */
function wholeMac(mac: string, virtualRouterId: number): string {
  const bytes = mac.split(':');
  return bytes.length === 6 ? mac : [mac, virtualRouterId.toString(16).padStart(2, '0')].join(':');
}
