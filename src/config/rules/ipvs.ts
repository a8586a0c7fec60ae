// Virtual services side by side, and against the addresses that instances hold.
import { endpoint, familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import { type AddressRange, rangeContains, rangeName } from '../../core/range.ts';
import { markedName } from '../marks.ts';
import type { Configuration, VrrpInstance } from '../model.ts';
import type { RealServer, Selects, VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import { hasAddresses, placeOf, serviceName } from '../selects.ts';
import { distinct } from './distinct.ts';
import { addressesOf } from './vrrp.ts';

function serverName({ address, port }: RealServer): string {
  return endpoint(address.value, port.value);
}

export function checkServices(configuration: Configuration, report: Report): void {
  const { instances, virtualServers } = configuration;
  const isHeld = heldAmong(instances, virtualServers);
  for (const service of virtualServers) {
    if (service.realServers.length === 0)
      report.add('CFG_EMPTY', service.at, `virtual_server ${serviceName(service)} has no real server`);
    service.realServers = distinct(service.realServers, serverName, (server, first) =>
      report.add(
        'CFG_DUPLICATE',
        server.address.at,
        `there is a real_server ${serverName(server)} already`,
        undefined,
        [{ at: first.address.at, message: 'first here' }],
      ),
    );
    checkWeights(service, report);
    if (configuration.global.ipvs.marks !== undefined) checkMarkedPorts(service, report);
    for (const server of service.realServers) {
      checkThresholds(server, report);
      checkUnicast(server, report);
    }
    if (instances.length === 0) continue;
    for (const { at, value } of rangesOf(service.selects)) {
      if (isHeld(value)) continue;
      const message = `no vrrp_instance holds ${rangeName(value)}`;
      report.add(
        'CFG_UNSERVED',
        at,
        message,
        'packets for it arrive only if something else brings them here',
      );
    }
  }
}

/** Whether an instance holds an address of a range, which is one of these virtual servers'. */
function heldAmong(
  instances: readonly VrrpInstance[],
  virtualServers: readonly VirtualServer[],
): (range: AddressRange) => boolean {
  const asked = new Set(
    virtualServers.flatMap(({ selects }) => rangesOf(selects).map(({ value }) => value.first)),
  );
  const held = instances.flatMap(addressesOf).map(({ prefix }) => prefix.value.address);
  const isHeld = new Set(held.filter((address) => asked.has(address)));
  return (range) => isHeld.has(range.first) || held.some((address) => rangeContains(range, address));
}

/** Virtual servers of one group and protocol are behind the same services of IPVS, with one setting each. */
export function checkShared({ virtualServers }: Configuration, report: Report): void {
  const firsts = new Map<string, VirtualServer>();
  for (const service of virtualServers) {
    const { selects, protocol } = service;
    if (selects.by !== 'group') continue;
    const name = `${selects.group.value} ${hasAddresses(selects) ? protocol.value : ''}`;
    const first = firsts.get(name);
    if (first === undefined) firsts.set(name, service);
    else if (settingsOf(first) !== settingsOf(service))
      report.add(
        'CFG_TWO_ROLES',
        placeOf(selects),
        `the first virtual_server of ${selects.group.value} says how its connections are scheduled`,
        'the real servers of both count; scheduler, persistence and ops are those of the first',
        [{ at: placeOf(first.selects), message: 'first here' }],
      );
  }
}

function settingsOf(service: VirtualServer): string {
  const { scheduler, schedulerFlags, persistenceSeconds, persistencePrefix, persistenceEngine } = service;
  const flags = schedulerFlags.map(({ value }) => value).toSorted();
  const persistence = [persistenceSeconds.value, persistencePrefix?.value, persistenceEngine?.value];
  return JSON.stringify([scheduler.value, flags, ...persistence, service.onePacket.value]);
}

function rangesOf(selects: Selects): Located<AddressRange>[] {
  switch (selects.by) {
    case 'address': {
      const { value, at } = selects.address;
      return [{ value: { first: value, last: value }, at }];
    }
    case 'mark':
      return [];
    case 'group':
      return selects.members.flatMap((member) => ('port' in member ? [member.addresses] : []));
  }
}

/** keepalived counts the weights, too: no quorum can be reached. */
function checkWeights({ realServers }: VirtualServer, report: Report): void {
  const [first, ...others] = realServers;
  if (first === undefined || realServers.some(({ weight }) => weight.value > 0)) return;
  report.add(
    'CFG_EMPTY',
    first.weight.at,
    others.length === 0 ? 'the only real server has weight 0' : 'every real server has weight 0',
    'no new connection gets a server',
  );
}

/** <net/ip_vs.h>, ip_vs_add_dest: ERANGE, and the server is not there at all. */
function checkThresholds({ upperThreshold, lowerThreshold }: RealServer, report: Report): void {
  if (lowerThreshold.value <= upperThreshold.value) return;
  const message = `lthreshold ${lowerThreshold.value} is above uthreshold ${upperThreshold.value}`;
  report.add('CFG_KERNEL', lowerThreshold.at, message, 'IPVS refuses such a real server');
}

/** ip_vs_new_dest: EINVAL for what is no address of one machine. */
function checkUnicast({ address }: RealServer, report: Report): void {
  const { value, at } = address;
  const first = Number.parseInt(value, 10);
  const one = familyOf(value) === 6 ? value !== '::' && !value.startsWith('ff') : first > 0 && first < 224;
  if (!one) report.add('CFG_KERNEL', at, `${value} is no address of a real server`, 'IPVS refuses it');
}

/** ip_vs_sched_persist: what has a mark keeps its port. keepalived does not say so. */
function checkMarkedPorts(service: VirtualServer, report: Report): void {
  const { selects, persistenceSeconds, realServers, method } = service;
  if (selects.by !== 'group' || markedName(service) === undefined || persistenceSeconds.value === 0) return;
  const ports = selects.members.flatMap((member) =>
    'port' in member && member.port !== 0 ? member.port : [],
  );
  for (const server of realServers) {
    const { port } = server;
    if ((server.method ?? method).value.forwarding !== 'NAT' || port.value === 0) continue;
    const other = ports.find((each) => each !== port.value);
    if (other === undefined) continue;
    report.add(
      'CFG_MARKS',
      port.at,
      `IPVS leaves port ${other} of ${selects.group.value} as it is: it is persistent, and goes by its mark`,
      'it is asked at the port that the client asked for; a real_server without a port says so',
    );
  }
}
