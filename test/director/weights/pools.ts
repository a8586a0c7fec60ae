// Small pools for the tests of weight programs.
import { address } from '../../../src/core/address.ts';
import type { Policies, Policy } from '../../../src/director/weights/policy.ts';
import { type Server, type ServerKey, serverKey } from '../../../src/ipvs/model.ts';
import type { Pool } from '../../../src/ipvs/pool.ts';

export const POOL = 'TCP 10.0.0.50:80';

export function server(host: number, weight = 1): Server {
  return {
    address: address(`10.1.0.${host}`),
    port: 80,
    forwarding: 'NAT',
    weight,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
}

export function keyOf(host: number): ServerKey {
  return `10.1.0.${host}:80`;
}

export function pool(servers: readonly Server[], more: Partial<Pool> = {}): Pool {
  const vip = address('10.0.0.50');
  return {
    members: [{ protocol: 'TCP', first: vip, last: vip, port: 80 }],
    settings: { scheduler: 'wlc', schedulerFlags: 0, persistenceSeconds: 0, onePacket: false },
    servers: new Map(servers.map((one) => [serverKey(one), one])),
    inhibited: new Set(),
    ...more,
  };
}

export function policies(usual: Partial<Policy> = {}): Policies {
  const policy = { slowStartMs: 0, drainsRemoved: true, drainDeadlineMs: 60_000, expiresTemplates: false };
  return { usual: { ...policy, ...usual }, others: {} };
}
