// Whose packets a virtual server's are: its name, its families, its addresses.
import { type Address, endpoint, type Family, familyOf } from '../core/address.ts';
import type { Span } from '../core/diagnostic.ts';
import { type AddressRange, rangeContains } from '../core/range.ts';
import type { Selects, VirtualServer } from './model-services.ts';

/** `TCP 10.0.0.50:80`, `FWM 7`, `group web TCP`, `group web TCP #1`: no two virtual servers have one. */
export function serviceName({ selects, protocol }: Pick<VirtualServer, 'selects' | 'protocol'>): string {
  switch (selects.by) {
    case 'address':
      return `${protocol.value} ${endpoint(selects.address.value, selects.port.value)}`;
    case 'mark':
      return `FWM ${selects.mark.value}${selects.family === 6 ? ' IPv6' : ''}`;
    case 'group': {
      const number = selects.number === undefined ? '' : ` #${selects.number}`;
      return `group ${selects.group.value}${hasAddresses(selects) ? ` ${protocol.value}` : ''}${number}`;
    }
  }
}

/** A protocol and a port mean something to these only. */
export function hasAddresses(selects: Selects): boolean {
  return selects.by === 'group' ? selects.members.some((one) => 'port' in one) : selects.by === 'address';
}

export function hasMarks(selects: Selects): boolean {
  return selects.by === 'group' ? selects.members.some((one) => 'mark' in one) : selects.by === 'mark';
}

/** Of a group they may be both: then every server has to be in a tunnel. */
export function familiesOf(selects: Selects): ReadonlySet<Family> {
  switch (selects.by) {
    case 'address':
      return new Set([familyOf(selects.address.value)]);
    case 'mark':
      return new Set([selects.family]);
    case 'group':
      return new Set(
        selects.members.map((member) =>
          'mark' in member ? member.family : familyOf(member.addresses.value.first),
        ),
      );
  }
}

/** Where a complaint about the service as a whole points to. */
export function placeOf(selects: Selects): Span {
  if (selects.by === 'address') return selects.address.at;
  return selects.by === 'mark' ? selects.mark.at : selects.group.at;
}

/** Which virtual server has an address: answers fast, also for thousands of them. */
export function serverOfAddress(
  virtualServers: readonly VirtualServer[],
): (address: Address) => VirtualServer | undefined {
  const single = new Map<Address, VirtualServer>();
  const ranges: { range: AddressRange; service: VirtualServer }[] = [];
  for (const service of virtualServers) {
    const { selects } = service;
    if (selects.by === 'address') single.set(selects.address.value, service);
    if (selects.by !== 'group') continue;
    for (const member of selects.members)
      if ('port' in member) ranges.push({ range: member.addresses.value, service });
  }
  return (address) =>
    single.get(address) ?? ranges.find(({ range }) => rangeContains(range, address))?.service;
}
