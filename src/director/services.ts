// From the virtual servers of the configuration to pools: every configured server, as if all were healthy.

import { type Marks, markedName } from '../config/marks.ts';
import type { Configuration } from '../config/model.ts';
import type { RealServer, Selects, SorryServer, VirtualServer } from '../config/model-services.ts';
import { serviceName } from '../config/selects.ts';
import type { Protocol } from '../core/forwarding.ts';
import { oncePer } from '../core/once-per.ts';
import { type Marking, mapsOf, markedPool } from '../ipvs/marking.ts';
import { type Server, serverKey } from '../ipvs/model.ts';
import type { Member, Pool, PoolName } from '../ipvs/pool.ts';
import type { Plan } from './plan-document.ts';

/** IP_VS_SVC_F_SCHED1 … 3, <linux/ip_vs.h>; sh and mh give the first two a name. */
const SCHEDULER_FLAGS: Readonly<Record<string, number>> = {
  'flag-1': 0x08,
  'flag-2': 0x10,
  'flag-3': 0x20,
  'sh-fallback': 0x08,
  'sh-port': 0x10,
  'mh-fallback': 0x08,
  'mh-port': 0x10,
};

/** The bits of a pool's schedulerFlags under the names that a file gives them. */
export function flagNames(scheduler: string, bits: number): string[] {
  if (bits === 0) return [];
  const own = (name: string) => name.startsWith(`${scheduler}-`) || name.startsWith('flag-');
  const named = new Map(
    Object.entries(SCHEDULER_FLAGS)
      .filter(([name]) => own(name))
      .map(([name, bit]) => [bit, name]),
  );
  return [...named].filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
}

const NO_SERVERS: Pool['inhibited'] = new Set();

/** With its name. A configuration that has been read does not change any more. */
export const poolOf = oncePer((setting: VirtualServer): [PoolName, Pool] => [
  serviceName(setting),
  planPool(setting),
]);

/** Of virtual servers that are the same objects, with the same mark, they are the same, too. */
export function planPools(configuration: Configuration, marks?: Marks): ReadonlyMap<PoolName, Pool> {
  return new Map(
    configuration.virtualServers.map((setting) => {
      const [name, pool] = poolOf(setting);
      const mark = marks?.of[markedName(setting) ?? ''];
      return [name, mark === undefined ? pool : markedPool(pool, mark)];
    }),
  );
}

/** Undefined where there is nothing to mark. */
export function planMarking({ pools, ipvs }: Pick<Plan, 'pools' | 'ipvs'>): Marking | undefined {
  if (ipvs.marks === undefined) return undefined;
  const { table, priority, counters } = ipvs.marks;
  const maps = mapsOf(pools);
  return maps.length === 0 ? undefined : { table, priority, counters, maps };
}

function planPool(setting: VirtualServer): Pool {
  const flags = setting.schedulerFlags.reduce((bits, flag) => bits | (SCHEDULER_FLAGS[flag.value] ?? 0), 0);
  const { persistencePrefix: prefix, persistenceEngine: engine, sorryServer: sorry } = setting;
  const servers = setting.realServers.map((real) => {
    const server = planServer(setting, real);
    return { key: serverKey(server), server, inhibits: inhibits(setting, real) };
  });
  const inhibited = servers.filter((one) => one.inhibits).map(({ key }) => key);
  return {
    members: planMembers(setting.selects, setting.protocol.value),
    settings: {
      scheduler: setting.scheduler.value,
      schedulerFlags: flags,
      persistenceSeconds: setting.persistenceSeconds.value,
      ...(prefix === undefined ? {} : { persistencePrefix: prefix.value }),
      ...(engine === undefined ? {} : { persistenceEngine: engine.value }),
      onePacket: setting.onePacket.value,
    },
    servers: new Map(servers.map(({ key, server }) => [key, server])),
    // Of thousands most have none: one for all of them.
    inhibited: inhibited.length === 0 ? NO_SERVERS : new Set(inhibited),
    ...(sorry === undefined ? {} : { sorry: planSorry(sorry) }),
  };
}

export function inhibits(setting: VirtualServer, real: RealServer): boolean {
  return (real.inhibitOnFailure ?? setting.inhibitOnFailure).value;
}

function planSorry({ address, port, method, inhibits: isInhibited }: SorryServer): Required<Pool>['sorry'] {
  const server: Server = {
    address: address.value,
    port: port.value,
    ...method.value,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  return { server, isInhibited };
}

function planMembers(selects: Selects, protocol: Protocol): Member[] {
  switch (selects.by) {
    case 'address': {
      const { value } = selects.address;
      return [{ protocol, first: value, last: value, port: selects.port.value }];
    }
    case 'mark':
      return [{ mark: selects.mark.value, family: selects.family }];
    case 'group':
      return selects.members.map((member) =>
        'mark' in member
          ? { mark: member.mark.value, family: member.family }
          : { protocol, ...member.addresses.value, port: member.port },
      );
  }
}

export function planServer(setting: VirtualServer, real: RealServer): Server {
  return {
    address: real.address.value,
    port: real.port.value,
    ...(real.method ?? setting.method).value,
    weight: real.weight.value,
    upperThreshold: real.upperThreshold.value,
    lowerThreshold: real.lowerThreshold.value,
  };
}
