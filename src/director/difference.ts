// What would a reload change: two plans, and the list of changes that leads from one to the other. Two
// properties hold it together (test/director/difference.test.ts): equal plans have no difference, and to
// exchange the plans is to exchange added and removed.
//
// The order of instances, services and servers means nothing to any part of a director; that of an instance's
// addresses is in its adverts, and so is a change of the instance.
import { addressesOf, type Facts, type Inventory, inventoryOf, nameOf, type Subject } from './inventory.ts';
import type { Plan } from './plan-document.ts';
import { policyOf } from './weights/policy.ts';

type Fact = Facts[string];
/** Undefined = not set. */
export type FieldChange = { field: string; from: Fact | undefined; to: Fact | undefined };
export type Change = Subject &
  (
    | { do: 'added'; facts: Facts }
    | { do: 'removed'; facts: Facts }
    | { do: 'changed'; fields: readonly FieldChange[] }
  );
export type Tally = { instances: number; services: number; servers: number };
export type Difference = {
  changes: readonly Change[];
  /** In both plans, and no change is about them or anything of theirs. */
  untouched: Tally;
  /** By service: how long, in milliseconds, a server that leaves it keeps its connections. */
  drains: ReadonlyMap<string, number>;
};

export function difference(before: Plan, after: Plan): Difference {
  const [old, next] = [inventoryOf(before), inventoryOf(after)];
  const found = withoutOwnChecks(compare(old, next));
  const changes = withOrder(found, reordered(before, after, found));
  return { changes, untouched: untouched(old, next, changes), drains: drainsOf(changes, after) };
}

/** {@link difference} of what is not the same object: a planner leaves that of what did not change. */
export function changesNothing(before: Plan, after: Plan): boolean {
  return difference(...withoutSame(before, after)).changes.length === 0;
}

function withoutSame(before: Plan, after: Plan): [Plan, Plan] {
  const others = new Set<string>();
  for (const plan of [before, after])
    for (const name of plan.pools.keys()) if (!isSameService(name, before, after)) others.add(name);
  const { elector, trackers, notify } = before;
  const sameInstances =
    elector === after.elector &&
    trackers === after.trackers &&
    notify.instances === after.notify.instances &&
    notify.groups === after.notify.groups;
  const left = (plan: Plan): Plan => ({
    ...plan,
    ...(sameInstances ? { elector: { ...elector, instances: [] } } : {}),
    pools: new Map([...others].flatMap((name) => entryOf(plan.pools, name))),
    targets: plan.targets.filter(({ service }) => others.has(service)),
  });
  return [left(before), left(after)];
}

function entryOf<K, V>(map: ReadonlyMap<K, V>, key: K): [K, V][] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}

/** Pools are planned together with their targets. */
function isSameService(name: string, before: Plan, after: Plan): boolean {
  return (
    before.pools.get(name) === after.pools.get(name) &&
    name in before.suspensions === name in after.suspensions &&
    before.policies.others[name] === after.policies.others[name] &&
    before.notify.services[name] === after.notify.services[name]
  );
}

function compare(before: Inventory, after: Inventory): Change[] {
  const changes: Change[] = [];
  for (const [name, { subject, facts }] of before) {
    const now = after.get(name);
    if (now === undefined) changes.push({ ...subject, do: 'removed', facts });
    else {
      const fields = compareFacts(facts, now.facts);
      if (fields.length > 0) changes.push({ ...subject, do: 'changed', fields });
    }
  }
  for (const [name, { subject, facts }] of after) {
    if (!before.has(name)) changes.push({ ...subject, do: 'added', facts });
  }
  return changes;
}

function compareFacts(before: Facts, after: Facts): FieldChange[] {
  const fields: FieldChange[] = [];
  for (const field in before) {
    if (before[field] !== after[field]) fields.push({ field, from: before[field], to: after[field] });
  }
  for (const field in after) {
    if (!(field in before)) fields.push({ field, from: undefined, to: after[field] });
  }
  return fields;
}

/** A server comes with its checks and goes with them: that is one change, and the checks are a fact of it. */
function withoutOwnChecks(changes: readonly Change[]): Change[] {
  const ownChecks = new Map<string, string[]>();
  for (const change of changes) {
    if (change.what === 'server' && change.do !== 'changed') ownChecks.set(serverName(change), []);
  }
  const others = changes.filter((change) => {
    if (change.what !== 'check') return true;
    return ownChecks.get(serverName(change))?.push(change.check) === undefined;
  });
  return others.map((change) => {
    const checks = change.what === 'server' ? ownChecks.get(serverName(change)) : undefined;
    if (checks === undefined || checks.length === 0 || change.do === 'changed') return change;
    return { ...change, facts: { ...change.facts, checks: checks.join(', ') } };
  });
}

/** Of services that stay: how long a server that leaves one keeps its connections. */
function drainsOf(changes: readonly Change[], after: Plan): Map<string, number> {
  const drains = new Map<string, number>();
  for (const change of changes) {
    if (change.what !== 'server' || change.do !== 'removed' || !after.pools.has(change.service)) continue;
    const { drainsRemoved, drainDeadlineMs } = policyOf(after.policies, change.service);
    if (drainsRemoved) drains.set(change.service, drainDeadlineMs);
  }
  return drains;
}

function serverName({ service, server }: { service: string; server: string }): string {
  return `${service} ${server}`;
}

/** Where an instance has the addresses it had, but not in the order it had them. */
function reordered(before: Plan, after: Plan, changes: readonly Change[]): Map<string, FieldChange> {
  const moved = new Set(changes.flatMap((change) => (change.what === 'address' ? [change.instance] : [])));
  const known = new Map(before.elector.instances.map((own) => [own.name, addressesOf(own).join(', ')]));
  const found = new Map<string, FieldChange>();
  for (const own of after.elector.instances) {
    const from = known.get(own.name);
    const to = addressesOf(own).join(', ');
    if (from === undefined || from === to || moved.has(own.name)) continue;
    found.set(own.name, { field: 'addressOrder', from, to });
  }
  return found;
}

function withOrder(changes: readonly Change[], orders: ReadonlyMap<string, FieldChange>): Change[] {
  const left = new Map(orders);
  const merged = changes.map((change) => {
    const order = change.what === 'instance' ? left.get(change.instance) : undefined;
    if (order === undefined || change.what !== 'instance' || change.do !== 'changed') return change;
    left.delete(change.instance);
    return { ...change, fields: [...change.fields, order] };
  });
  const only = [...left].map(
    ([instance, order]): Change => ({ what: 'instance', instance, do: 'changed', fields: [order] }),
  );
  return [...merged, ...only];
}

function untouched(before: Inventory, after: Inventory, changes: readonly Change[]): Tally {
  const touched = touchedBy(changes);
  const tally: Tally = { instances: 0, services: 0, servers: 0 };
  for (const [name, { subject }] of after) {
    if (!before.has(name) || touched.has(name)) continue;
    if (subject.what === 'instance') tally.instances++;
    else if (subject.what === 'service') tally.services++;
    else if (subject.what === 'server') tally.servers++;
  }
  return tally;
}

/** Names of what changes are about, and of what that belongs to. */
function touchedBy(changes: readonly Change[]): ReadonlySet<string> {
  return new Set(changes.flatMap((change) => ownersOf(change).map(nameOf)));
}

function ownersOf(subject: Subject): Subject[] {
  switch (subject.what) {
    case 'instance':
    case 'address':
      return [{ what: 'instance', instance: subject.instance }];
    case 'service':
      return [{ what: 'service', service: subject.service }];
    case 'server':
    case 'check': {
      const { service, server } = subject;
      return [
        { what: 'service', service },
        { what: 'server', service, server },
      ];
    }
    case 'sync':
    case 'director':
      return [];
  }
}
