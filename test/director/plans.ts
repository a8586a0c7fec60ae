// Arbitrary plans of a few colliding names, so that two of them have things in common.
import fc from 'fast-check';
import { address } from '../../src/core/address.ts';
import type { SyncPlan } from '../../src/director/plan.ts';
import type { Plan } from '../../src/director/plan-document.ts';
import type { CheckSettings } from '../../src/health/settings.ts';
import type { HealthTarget } from '../../src/health/shape.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { InstanceSettings, VirtualAddress } from '../../src/vrrp/settings.ts';
import { poolsArbitrary } from '../ipvs/table-model.ts';

const optional = <T, K extends string>(name: K, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof(
    fc.constant({}),
    arbitrary.map((value) => ({ [name]: value }) as Record<K, T>),
  );

const vip: fc.Arbitrary<VirtualAddress> = fc
  .tuple(
    fc.record({
      address: fc.constantFrom(address('10.0.0.50'), address('10.0.0.51'), address('fd00::50')),
      prefixLength: fc.constantFrom(24, 32),
      interface: fc.constantFrom('eth0', 'eth1'),
      scope: fc.constantFrom(0, 253),
    }),
    optional('label', fc.constant('eth0:1')),
  )
  .map(([head, label]) => ({ ...head, ...label }));

const vips = fc.uniqueArray(vip, { maxLength: 3, selector: (one) => `${one.address} ${one.interface}` });

const hmac: fc.Arbitrary<HmacSettings> = fc.record({
  keys: fc.uniqueArray(fc.record({ id: fc.constantFrom(1, 2), secret: fc.constantFrom('ab', 'cd') }), {
    selector: ({ id }) => id,
    minLength: 1,
  }),
  activeKey: fc.constantFrom(1, 2),
  mode: fc.constantFrom('enforce', 'permissive', 'receive-only'),
  antiReplay: fc.constantFrom('time', 'monotonic'),
  windowSeconds: fc.constantFrom(5, 6),
});

const instance: fc.Arbitrary<InstanceSettings> = fc
  .tuple(
    fc.record({
      name: fc.constantFrom('VI_1', 'VI_2', 'VI_3'),
      interface: fc.constantFrom('eth0', 'eth1'),
      vrid: fc.constantFrom(51, 52),
      priority: fc.constantFrom(100, 150),
      version: fc.constantFrom(2, 3),
      advertMs: fc.constantFrom(100, 1000),
      downAdverts: fc.constantFrom(3, 5),
      checksumForm: fc.constantFrom('pseudo-header', 'plain'),
      initialState: fc.constantFrom('MASTER', 'BACKUP'),
      preempt: fc.boolean(),
      preemptDelayMs: fc.constantFrom(0, 5000),
      multicastGroup: fc.constant(address('224.0.0.18')),
      unicastPeers: fc.subarray([address('10.0.0.2'), address('10.0.0.3')]),
      vips,
      trackInterfaces: fc.subarray(['eth0', 'eth1']),
      weightedInterfaces: fc.subarray([{ interface: 'eth2', weight: -20, while: 'down' as const }]),
      tracks: fc.subarray([{ kind: 'script' as const, name: 'chk', weight: 0, reverse: false }]),
      garp: fc.record({
        delayMs: fc.constantFrom(0, 5000),
        repeat: fc.constantFrom(1, 5),
        refreshMs: fc.constantFrom(0, 60_000),
        refreshRepeat: fc.constantFrom(1, 2),
      }),
    }),
    optional('source', fc.constant(address('10.0.0.1'))),
    optional('password', fc.constantFrom('one', 'another')),
    optional('hmac', hmac),
  )
  .map(
    ([head, source, password, signature]) =>
      ({ ...head, ...source, ...password, ...signature, excludedVips: [] }) as InstanceSettings,
  );

const check: fc.Arbitrary<CheckSettings> = fc.record({
  type: fc.constant('TCP_CHECK'),
  address: fc.constant(address('10.1.0.21')),
  port: fc.constantFrom(80, 81),
  delayLoopMs: fc.constantFrom(1000, 2000),
  connectTimeoutMs: fc.constant(500),
  retry: fc.constantFrom(1, 3),
  delayBeforeRetryMs: fc.constant(100),
  warmupMs: fc.constant(1000),
  alpha: fc.boolean(),
});

const sync: fc.Arbitrary<SyncPlan> = fc
  .tuple(
    fc.record({ interface: fc.constantFrom('eth0', 'eth1'), id: fc.constantFrom(51, 52) }),
    optional('instance', fc.constant('VI_1')),
  )
  .map(([daemon, named]) => ({ ...named, daemon }));

export const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    instances: fc.uniqueArray(instance, { maxLength: 3, selector: ({ name }) => name }),
    realtimePriority: fc.constantFrom(0, 50),
    leaseSeconds: fc.constantFrom(0, 4),
    pools: poolsArbitrary,
    checks: fc.array(fc.tuple(fc.array(check, { maxLength: 2 }), fc.boolean()), { minLength: 1 }),
    sync: optional('sync', sync),
    notifies: fc.boolean(),
    drains: fc.boolean(),
    pipes: fc.subarray([
      { path: '/run/a', hears: 'all' as const },
      { path: '/run/b', user: 'nobody', reader: { argv: ['/bin/r'] }, hears: 'instances' as const },
    ]),
    trackers: fc.record({
      files: fc.subarray([{ name: 'tf', path: '/run/tf' }]),
      processes: fc.constant([]),
      links: fc.subarray([{ name: 'eth0' }]),
      scripts: fc.subarray([
        {
          name: 'chk',
          program: { argv: ['/bin/chk'] },
          intervalMs: 1000,
          timeoutMs: 500,
          rise: 1,
          fall: 2,
          initFail: false,
        },
      ]),
    }),
    director: fc.record({
      engine: fc.constantFrom('auto' as const, 'kernel' as const, 'embedded' as const),
      drillHoldMs: fc.constantFrom(1000, 10_000),
      recordings: fc.constantFrom(0, 8),
      keepalivedNames: fc.boolean(),
      runtimeDirectory: fc.constantFrom('/run/a', '/run/b'),
      control: fc.constantFrom('/run/a/control.sock', '/run/c'),
    }),
  })
  .map(({ instances, realtimePriority, leaseSeconds, pools, checks, ...more }) => {
    const { sync: daemon, director, trackers, notifies, drains, pipes } = more;
    const keys = [...pools].flatMap(([service, { servers }]) =>
      [...servers].map(([server, { weight }]) => ({ service, server, weight })),
    );
    const targets: HealthTarget[] = keys.map((key, index) => {
      const [settings, inhibit] = checks[index % checks.length]!;
      return { ...key, checks: settings, inhibit };
    });
    const elector = { instances, realtimePriority, leaseSeconds };
    const any = { argv: ['/bin/tell', 'it all'] };
    const listeners = instances.map(({ name }) => ({
      name,
      programs: notifies ? { any } : {},
      tellsDeleted: notifies,
      priorityChanges: false,
      mails: notifies,
    }));
    const webhooks = notifies ? [{ url: 'sealed', timeoutMs: 5000 }] : [];
    const notify = {
      instances: listeners,
      groups: [],
      services: {},
      initialServers: false,
      pipes,
      webhooks,
      statesOnReload: notifies,
    };
    const suspensions = {};
    const policy = {
      slowStartMs: 0,
      drainsRemoved: drains,
      drainDeadlineMs: 300_000,
      expiresTemplates: false,
    };
    const policies = { usual: policy, others: {} };
    const settings: Record<string, number> = drains ? { conn_reuse_mode: 0 } : {};
    const ipvs = { flushesAtStart: notifies, flushesAtStop: false, settings };
    return {
      salt: 'salt',
      elector,
      pools,
      targets,
      suspensions,
      policies,
      trackers,
      ...daemon,
      notify,
      ipvs,
      director,
    };
  });
