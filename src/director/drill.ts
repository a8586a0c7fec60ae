// A failover drill on a live master: what was asked, what happened, and the report at its end. Pure; the
// elector does the handing over, this keeps the record.
import type { Notice } from '../core/events.ts';
import type { DrillStep, ElectorReport } from '../vrrp/settings.ts';

type StepReport = Extract<ElectorReport, { type: 'drill' }>;
type Times = Partial<Record<DrillStep, number>>;
export type Drill = {
  holdMs: number;
  /** Connections in our table when it began. */
  connections: number;
  instances: ReadonlyMap<string, Times>;
};

/** `masters` is not empty: a backup rehearses instead, see {@link rehearsalNotice}. */
export function beginDrill(masters: readonly string[], holdMs: number, connections: number): [Drill, Notice] {
  const drill = { holdMs, connections, instances: new Map(masters.map((name) => [name, {}])) };
  const names = masters.join(', ');
  const message = `failover drill: ${names} hands over, stays away ${holdMs / 1000} s, then returns`;
  return [drill, { event: 'drill.begun', message, fields: { instances: masters, holdMs, connections } }];
}

/** The notice comes with the last step of the last instance; then the drill is over (undefined). */
export function stepDrill(drill: Drill, report: StepReport): [Drill | undefined, Notice?] {
  const times = drill.instances.get(report.instance);
  if (times === undefined) return [drill];
  const instances = new Map(drill.instances).set(report.instance, { ...times, [report.step]: report.atMs });
  const next = { ...drill, instances };
  // Who was not relieved never went away.
  const over = [...instances.values()].every((each) => (each.returned ?? each.unrelieved) !== undefined);
  return over ? [undefined, reportNotice(next)] : [next];
}

function reportNotice(drill: Drill): Notice {
  const results = [...drill.instances].map(([instance, times]) => ({
    instance,
    relieved: times.relieved !== undefined,
    /** Priority 0 to the new master's first advert: until then we went on serving. */
    handoverMs: between(times.handedOver, times.relieved),
    awayMs: between(times.handedOver, times.returned),
  }));
  const failed = results.filter((result) => !result.relieved);
  const message =
    failed.length === 0
      ? `drill report: ${results.map((r) => `${r.instance} taken over in ${r.handoverMs} ms`).join(', ')}`
      : `drill report: nobody took over ${failed.map((r) => r.instance).join(', ')}; we went on serving`;
  return {
    event: 'drill.report',
    message,
    fields: { kind: 'drill', holdMs: drill.holdMs, connections: drill.connections, results },
  };
}

function between(start: number | undefined, end: number | undefined): number | undefined {
  return start === undefined || end === undefined ? undefined : Math.round((end - start) * 10) / 10;
}

/** What a backup would take over with, were the master to go now. */
export type Readiness = {
  services: number;
  servers: number;
  serversUp: number;
  connections: number;
  /** Undefined: there is no sync. */
  knowsPeer?: boolean;
  instances: readonly {
    name: string;
    state: string;
    priority: number;
    masterSilentMs?: number | undefined;
  }[];
};

export function rehearsalNotice(readiness: Readiness): Notice {
  const { services, servers, serversUp, connections, knowsPeer } = readiness;
  const blocked = readiness.instances.filter(({ state }) => state !== 'BACKUP').map(({ name }) => name);
  const unheard = readiness.instances
    .filter((each) => each.masterSilentMs === undefined)
    .map(({ name }) => name);
  const ready = blocked.length === 0 && unheard.length === 0 && serversUp > 0 && knowsPeer !== false;
  const message =
    `rehearsal: ${ready ? 'ready to take over' : 'NOT ready'}: ${services} services, ` +
    `${serversUp} of ${servers} servers up, ${connections} connections known` +
    (knowsPeer === false ? ', not all of the peer’s' : '') +
    (blocked.length > 0 ? `; cannot run: ${blocked.join(', ')}` : '') +
    (unheard.length > 0 ? `; no master heard: ${unheard.join(', ')}` : '');
  return { event: 'drill.report', message, fields: { kind: 'rehearsal', ready, ...readiness } };
}
