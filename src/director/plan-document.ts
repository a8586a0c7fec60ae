// The whole plan of a configuration as one value, and its form as text: what a running director has in force,
// for `diff` to compare with. Made of plans only, never of configuration text, so that nothing gets into it
// that a plan does not need.
import { createHmac } from 'node:crypto';
import { allotMarks, type Marks } from '../config/marks.ts';
import type { Configuration } from '../config/model.ts';
import type { IpvsWords, SettingWords } from '../config/model-services.ts';
import { endpoint } from '../core/address.ts';
import { controlPath } from '../core/runtime-files.ts';
import type { HealthTarget } from '../health/shape.ts';
import type { SettingValues } from '../ipvs/plane.ts';
import type { Pool, PoolName } from '../ipvs/pool.ts';
import type { ElectorSettings, InstanceSettings } from '../vrrp/settings.ts';
import { type NotifyPlan, planTelling } from './notify.ts';
import { planElector, planSync, type SyncPlan } from './plan.ts';
import { planNames } from './running.ts';
import { planServiceListeners } from './service-notify.ts';
import { planPools } from './services.ts';
import { planSuspensions, type Suspensions } from './suspension.ts';
import { planSyncStream, syncStreamFacts } from './sync-stream.ts';
import { planTargets } from './targets.ts';
import { planTrackers, type TrackerTargets } from './trackers.ts';
import { type Policies, planPolicies } from './weights/policy.ts';

/** Who holds the virtual addresses follows from the engine in use, which no file decides alone. */
export type Plan = {
  /** What passwords and keys are sealed with. Plans to be compared have the same. */
  salt: string;
  /** Passwords and keys are sealed: a plan can tell whether they are the same, and not what they are. */
  elector: Omit<ElectorSettings, 'addresses'>;
  /** Every configured server in each. */
  pools: ReadonlyMap<PoolName, Pool>;
  /** Which groups are services by firewall mark; undefined = none. */
  marks?: Marks | undefined;
  targets: readonly HealthTarget[];
  suspensions: Suspensions;
  policies: Policies;
  trackers: TrackerTargets;
  /** Undefined = no sync daemon. */
  sync?: SyncPlan | undefined;
  notify: NotifyPlan;
  ipvs: IpvsWords & { settings: SettingValues };
  director: {
    engine: 'auto' | 'kernel' | 'embedded';
    drillHoldMs: number;
    runtimeDirectory: string;
    /** Path of the control socket. */
    control: string;
    recordings: number;
    /** Where HTTP is answered; undefined = nowhere. */
    web?: string;
    keepalivedNames: boolean;
    processName?: string;
    checkerName?: string;
    syncListen?: string;
    syncPeer?: string;
    syncInterface?: string;
    syncLeastPercent?: number;
    /** Sealed. */
    syncKeys?: string;
    /** Fingerprints, as they begin. */
    syncCertificate?: string;
    syncAuthority?: string;
    /** Sealed. */
    syncPrivateKey?: string;
    syncPeerName?: string;
  };
};

export type PlanDocument = { directorPid: number; version: string; plan: Plan };

/** To be raised whenever a plan gets, loses or renames a field: an old document is then not compared. */
const FORMAT = 14;

/** `marks`: those in force. */
export function planConfiguration(configuration: Configuration, salt: string, marks?: Marks): Plan {
  return withServices(planOthers(configuration, salt), configuration, marks);
}

type Others = Omit<Plan, 'pools' | 'marks' | 'targets' | 'suspensions' | 'policies' | 'notify'> & {
  notify: Omit<NotifyPlan, 'services'>;
};

export function withServices(others: Others, configuration: Configuration, before?: Marks): Plan {
  const marks = allotMarks(configuration, before);
  return {
    ...others,
    pools: planPools(configuration, marks),
    ...(marks === undefined ? {} : { marks }),
    targets: planTargets(configuration),
    suspensions: planSuspensions(configuration),
    policies: planPolicies(configuration),
    notify: { ...others.notify, services: planServiceListeners(configuration) },
  };
}

/** What has nothing to do with virtual servers. */
export function planOthers(configuration: Configuration, salt: string): Others {
  const { addresses: _, ...elector } = planElector(configuration, 'kernel');
  const instances = elector.instances.map((own) => sealSecrets(own, salt));
  const notify = planTelling(configuration);
  const { engine, drillHoldMs, runtimeDirectory, control, recordings } = configuration.director;
  const { web, keepalivedNames } = configuration.director;
  return {
    salt,
    elector: { ...elector, instances },
    trackers: planTrackers(configuration),
    sync: planSync(configuration),
    notify: {
      ...notify,
      webhooks: notify.webhooks.map(({ url, ...more }) => ({ ...more, url: seal(url, salt) })),
    },
    ipvs: { ...configuration.global.ipvs, settings: valuesOf(configuration.director.ipvs) },
    director: {
      engine: engine.value,
      drillHoldMs: drillHoldMs.value,
      runtimeDirectory: runtimeDirectory.value,
      control: control?.value ?? controlPath(runtimeDirectory.value),
      recordings: recordings.value,
      ...(web === undefined ? {} : { web: endpoint(web.value.address, web.value.port) }),
      keepalivedNames: keepalivedNames.value,
      ...planNames(configuration),
      ...syncStreamFacts(planSyncStream(configuration), (secret) => seal(secret, salt)),
    },
  };
}

function valuesOf(words: SettingWords): SettingValues {
  return Object.fromEntries(Object.entries(words).map(([name, { value }]) => [name, value]));
}

function sealSecrets(own: InstanceSettings, salt: string): InstanceSettings {
  const { password, hmac } = own;
  const keys = hmac?.keys.map(({ id, secret }) => ({ id, secret: seal(secret, salt) }));
  return {
    ...own,
    ...(password === undefined ? {} : { password: seal(password, salt) }),
    ...(hmac === undefined ? {} : { hmac: { ...hmac, keys: keys! } }),
  };
}

function seal(secret: string, salt: string): string {
  return createHmac('sha256', salt).update(secret).digest('hex');
}

/** Maps become arrays of entries, sets arrays. Ends with a line break. */
export function encodePlan(document: PlanDocument): string {
  const entries = (_: string, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value;
  return `${JSON.stringify({ format: FORMAT, ...document }, entries)}\n`;
}

type Entries<K, V> = readonly (readonly [K, V])[];
type Encoded = Omit<Plan, 'pools'> & {
  pools: Entries<
    string,
    Omit<Pool, 'servers' | 'inhibited'> & { servers: Entries<string, never>; inhibited: string[] }
  >;
};

/** Undefined: not a plan, or one of another version's form. */
export function decodePlan(text: string): PlanDocument | undefined {
  let document: { format?: unknown; directorPid: number; version: string; plan: Encoded };
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (document?.format !== FORMAT) return undefined;
  const { directorPid, version, plan } = document;
  const pools = new Map(
    plan.pools.map(([name, pool]) => [
      name,
      { ...pool, servers: new Map(pool.servers), inhibited: new Set(pool.inhibited) },
    ]),
  );
  return { directorPid, version, plan: { ...plan, pools } };
}
