// What a pool is made of, as far as only the configuration decides it: services, servers and checks,
// numbered. Holds no verdicts.
import { type Quorum, USUAL_QUORUM } from './quorum.ts';
import type { CheckSettings } from './settings.ts';

/**
 * `service` and `server` are keys of ipvs/model.ts. Every real server is a target, also one without checks.
 */
export type HealthTarget = {
  service: string;
  server: string;
  checks: readonly CheckSettings[];
  /** inhibit_on_failure: weight 0 in place of removal. Only passed on. */
  inhibit: boolean;
  /** Counts towards its service being up; a target without it counts as 1. */
  weight?: number;
  /** Of its service: what the first target of it says. */
  quorum?: Quorum;
};

/** `service`, `server`, `firstCheck`: indices into the shape's lists. */
export type ServerSlot = {
  key: string;
  serviceKey: string;
  service: number;
  inhibit: boolean;
  weight: number;
  firstCheck: number;
  checkCount: number;
};
export type CheckSlot = { key: string; settings: CheckSettings; server: number };
export type Shape = {
  services: readonly string[];
  /** One of each service. */
  quorums: readonly Quorum[];
  servers: readonly ServerSlot[];
  checkSlots: readonly CheckSlot[];
  serviceIndex: ReadonlyMap<string, number>;
  /** By `SERVICE SERVER`. */
  serverIndex: ReadonlyMap<string, number>;
  checkIndex: ReadonlyMap<string, number>;
};

export function shapeOf(targets: readonly HealthTarget[]): Shape {
  const services: string[] = [];
  const quorums: Quorum[] = [];
  const servers: ServerSlot[] = [];
  const checkSlots: CheckSlot[] = [];
  const serviceIndex = new Map<string, number>();
  const serverIndex = new Map<string, number>();
  const checkIndex = new Map<string, number>();
  for (const [id, target] of merged(targets)) {
    let service = serviceIndex.get(target.service);
    if (service === undefined) {
      service = services.push(target.service) - 1;
      quorums.push(target.quorum ?? USUAL_QUORUM);
      serviceIndex.set(target.service, service);
    }
    const server = servers.push({
      key: target.server,
      serviceKey: target.service,
      service,
      inhibit: target.inhibit,
      weight: target.weight ?? 1,
      firstCheck: checkSlots.length,
      checkCount: target.checks.length,
    });
    serverIndex.set(id, server - 1);
    for (const settings of target.checks) {
      const key = freeKey(`${id} ${contentOf(settings)}`, checkIndex);
      checkIndex.set(key, checkSlots.push({ key, settings, server: server - 1 }) - 1);
    }
  }
  return { services, quorums, servers, checkSlots, serviceIndex, serverIndex, checkIndex };
}

/** The same server written twice in a service is one server that has to pass both's checks. */
function merged(targets: readonly HealthTarget[]): ReadonlyMap<string, HealthTarget> {
  const byId = new Map<string, HealthTarget>();
  for (const target of targets) {
    const id = `${target.service} ${target.server}`;
    const other = byId.get(id);
    byId.set(id, other === undefined ? target : { ...target, checks: [...other.checks, ...target.checks] });
  }
  return byId;
}

/** What is probed, from where. How often and how patiently may change without making it another check. */
function contentOf({ type, address, port, bindAddress }: CheckSettings): string {
  return bindAddress === undefined
    ? `${type} ${address} ${port}`
    : `${type} ${address} ${port} from ${bindAddress}`;
}

/** Equal checks of one server are told apart by number. */
function freeKey(content: string, taken: ReadonlyMap<string, number>): string {
  if (!taken.has(content)) return content;
  for (let number = 2; ; number++) if (!taken.has(`${content} #${number}`)) return `${content} #${number}`;
}
