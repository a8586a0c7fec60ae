// The difference of two plans: its properties, that it is what a reload really does, and what people read.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { type Change, difference } from '../../src/director/difference.ts';
import { recordDifference, renderDifference } from '../../src/director/difference-text.ts';
import { ALL_UP, desiredTable } from '../../src/director/health.ts';
import {
  decodePlan,
  encodePlan,
  type Plan,
  type PlanDocument,
  planConfiguration,
} from '../../src/director/plan-document.ts';
import { serverKey, serviceKey } from '../../src/ipvs/model.ts';
import type { Command } from '../../src/ipvs/plane.ts';
import { reconcile } from '../../src/ipvs/reconcile.ts';
import { configure } from '../../src/vrrp/configure.ts';
import { createElector } from '../../src/vrrp/elector.ts';
import { pairConfiguration } from '../config/pairs.ts';
import { planArbitrary } from './plans.ts';

function planOf(text: string): Plan {
  const { configuration, diagnostics } = readConfiguration([{ name: 'director.conf', text }]);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return planConfiguration(configuration, 'salt');
}
const through = (plan: Plan) => decodePlan(encodePlan({ directorPid: 1, version: '0', plan }))?.plan;

/** The change that undoes it. */
function undone(change: Change): Change {
  switch (change.do) {
    case 'added':
      return { ...change, do: 'removed' };
    case 'removed':
      return { ...change, do: 'added' };
    case 'changed':
      return {
        ...change,
        fields: change.fields.map(({ field, from, to }) => ({ field, from: to, to: from })),
      };
  }
}
/** Neither the order of changes nor that of fields means anything. */
function sorted(changes: readonly Change[]): string[] {
  const ordered = changes.map((change) =>
    change.do === 'changed'
      ? { ...change, fields: change.fields.toSorted((a, b) => a.field.localeCompare(b.field)) }
      : change,
  );
  return ordered
    .map((change) => JSON.stringify(Object.entries(change).toSorted(([a], [b]) => a.localeCompare(b))))
    .toSorted();
}

describe('properties', () => {
  test('a plan does not differ from itself, nor from itself after it was a file', () => {
    fc.assert(
      fc.property(planArbitrary, (plan) => {
        const { changes, untouched } = difference(plan, plan);
        expect(changes).toEqual([]);
        expect(untouched.services).toBe(plan.pools.size);
        expect(untouched.instances).toBe(plan.elector.instances.length);
        expect(difference(through(plan)!, plan).changes).toEqual([]);
      }),
    );
  });

  test('to exchange the plans is to exchange added and removed, from and to', () => {
    fc.assert(
      fc.property(planArbitrary, planArbitrary, (before, after) => {
        const forth = difference(before, after);
        const back = difference(after, before);
        expect(sorted(forth.changes.map(undone))).toEqual(sorted(back.changes));
        expect(forth.untouched).toEqual(back.untouched);
      }),
    );
  });

  test('what is told is what IPVS is told: each command is a change, each change a command', () => {
    fc.assert(
      fc.property(planArbitrary, planArbitrary, (before, after) => {
        const [was, is] = [before, after].map(({ pools }) => desiredTable(pools, ALL_UP));
        const sent = reconcile(is!, was!, new Set(was!.keys())).map(commandName);
        const told = difference(before, after).changes.flatMap(changeName);
        // A service that goes takes its servers with it: no commands for these.
        const gone = [...was!].filter(([key]) => !is!.has(key));
        const implied = new Set(
          gone.flatMap(([key, { servers }]) =>
            [...servers.keys()].map((server) => `delServer ${key} ${server}`),
          ),
        );
        const expected = told.filter((name) => !implied.has(name));
        expect(sent.toSorted()).toEqual(expected.toSorted());
      }),
    );
  });

  test('an elector does nothing for a plan without changes of instances, and something for one with', () => {
    fc.assert(
      fc.property(planArbitrary, planArbitrary, (before, after) => {
        const elector = createElector();
        const { announcements, claims, probing, recorder } = elector;
        const turn = {
          nowMs: 0,
          wallMs: 0,
          actions: [],
          announcements,
          claims,
          probing,
          recorder,
          contested: new Set<never>(),
          moved: false,
        };
        configure(elector, { ...before.elector, addresses: 'kernel' }, turn);
        const settings = () => [...elector.instances.values()].map(({ own }) => own);
        const was = new Map(settings().map((own) => [own.name, own]));
        configure(elector, { ...after.elector, addresses: 'kernel' }, turn);
        const kept = settings().filter((own) => was.get(own.name) === own && !gone(after, own.name));
        expect(difference(before, after).untouched.instances).toBe(kept.length);
      }),
    );
  });
});

function gone({ elector }: Plan, name: string): boolean {
  return !elector.instances.some((own) => own.name === name);
}

function commandName(command: Command): string {
  switch (command.do) {
    case 'startSync':
    case 'stopSync':
      return command.do;
    case 'addService':
    case 'setService':
    case 'delService':
      return `${command.do} ${serviceKey(command.service)}`;
    case 'addServer':
    case 'setServer':
    case 'delServer':
      return `${command.do} ${serviceKey(command.service)} ${serverKey(command.server)}`;
  }
}

function changeName(change: Change): string[] {
  const verb = { added: 'add', changed: 'set', removed: 'del' }[change.do];
  if (change.what === 'service') return [`${verb}Service ${change.service}`];
  if (change.what !== 'server') return [];
  // inhibit_on_failure is the health checks' to know.
  if (change.do === 'changed' && change.fields.every(({ field }) => field === 'inhibitOnFailure')) return [];
  return [`${verb}Server ${change.service} ${change.server}`];
}

describe('the document', () => {
  test('has no configuration text in it', () => {
    const text = `${pairConfiguration({})}# psk: swordfish\n$SECRET=swordfish\n`;
    expect(encodePlan({ directorPid: 1, version: '0', plan: planOf(text) })).not.toContain('swordfish');
  });

  test.each(['', 'nonsense', 'null', '{}', '{"format":0}', '[]'])('%j is none', (text) => {
    expect(decodePlan(text)).toBeUndefined();
  });

  test('keeps everything', () => {
    const plan = planOf(pairConfiguration({ mode: 'tun' }));
    const document: PlanDocument = { directorPid: 7, version: '0.1.0', plan };
    expect(decodePlan(encodePlan(document))).toEqual(document);
  });
});

describe('for people', () => {
  const OLD = pairConfiguration({});
  const shown = (...edits: [string, string][]) => {
    const next = edits.reduce((text, [from, to]) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    }, OLD);
    return renderDifference(difference(planOf(OLD), planOf(next)));
  };

  test('nothing', () => {
    expect(shown()).toBe('nothing changes; 1 instance, 1 service and 3 servers untouched\n');
    expect(shown(['priority', '# a comment\n    priority'])).toContain('nothing changes;');
  });

  test('a server more, one less, one drained', () => {
    expect(shown(['10.1.0.21 8080', '10.1.0.29 8080'], ['weight 3', 'weight 0'])).toMatchInlineSnapshot(`
      "  virtual_server TCP 10.0.0.50:8080
          - real_server 10.1.0.21:8080: NAT, weight 1, 1 check (drained: its connections have 300 s to end)
          ~ real_server 10.1.0.23:8080: weight 3 → 0 (drained: its connections go on, it gets no new ones)
          + real_server 10.1.0.29:8080: NAT, weight 1, 1 check
      1 added, 1 removed, 1 changed; 1 instance, 0 services and 1 server untouched
      "
    `);
  });

  test('groups that become services by firewall mark, and one more of them', () => {
    const group = (name: string, last: number) => `virtual_server_group ${name} {
    10.0.0.${last}-${last + 8} 80
}
virtual_server group ${name} {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    real_server 10.1.0.21 80 {
        weight 1
    }
}
`;
    const before = `${OLD}${group('web', 60)}`;
    const marked = before.replace('global_defs {', 'global_defs {\n    nftables_ipvs');
    const turned = renderDifference(difference(planOf(before), planOf(marked)));
    const cost = '(other services of IPVS take its place: its connections end)';
    expect(turned).toContain(`~ virtual_server group web TCP: firewall mark none → 1000 ${cost}\n`);
    expect(turned).toContain('~ director: nftables_ipvs none → lvs-director-ipvs, nftables_ipvs_priority ');
    const more = marked.replace('virtual_server_group web', `${group('first', 80)}virtual_server_group web`);
    const { configuration } = readConfiguration([{ name: 'director.conf', text: more }]);
    const old = planOf(marked);
    const next = planConfiguration(configuration, 'salt', through(old)!.marks);
    expect(renderDifference(difference(old, next))).toMatchInlineSnapshot(`
      "+ virtual_server group first TCP: scheduler rr, firewall mark 1001
          + real_server 10.1.0.21:0: DR, weight 1
      2 added; 1 instance, 2 services and 4 servers untouched
      "
    `);
  });

  test('settings of an instance, its addresses, sync and the director', () => {
    expect(
      shown(
        ['priority 150', 'priority 90'],
        ['10.1.0.1/24 dev eth1', '10.1.0.1/24 dev eth1 label eth1:1'],
        ['eth0 VI_1 id 51', 'eth1 VI_1 id 51'],
        ['global_defs {', 'director {\n    engine embedded\n    vip_lease 9\n}\nglobal_defs {'],
      ),
    ).toMatchInlineSnapshot(`
      "~ vrrp_instance VI_1: priority 150 → 90 (may move the MASTER role)
          - 10.1.0.1/24 dev eth1 (who uses it loses it)
          + 10.1.0.1/24 dev eth1 label eth1:1
      ~ lvs_sync_daemon: interface eth0 → eth1 (starts anew: what is announced in that moment is lost)
      ~ director: engine auto → embedded, vip_lease 4 s → 9 s (the engine changes with a restart only)
      1 added, 1 removed, 3 changed; 0 instances, 1 service and 3 servers untouched; needs a restart
      "
    `);
  });

  test('settings of IPVS, by their words', () => {
    const with_ = (words: string) => `director {\n    ipvs {\n        ${words}\n    }\n}\nglobal_defs {`;
    const before = with_('conn_reuse_mode 1\n        sloppy_tcp on\n        pmtu_disc off');
    const after = with_('conn_reuse_mode 0\n        pmtu_disc off\n        nat_icmp_send on');
    const plan = (text: string) => planOf(`${text}\n}\n`);
    expect(renderDifference(difference(plan(before), plan(after)))).toContain(
      '~ director: conn_reuse_mode 1 → 0, sloppy_tcp 1 → none, nat_icmp_send none → 1\n',
    );
  });

  test('the order of addresses is in the adverts', () => {
    const vips = ['10.0.0.50/24 dev eth0', '10.1.0.1/24 dev eth1'];
    const edits: [string, string][] = [
      [vips[0]!, 'FIRST'],
      [vips[1]!, vips[0]!],
      ['FIRST', vips[1]!],
    ];
    const order = `order of addresses [${vips.join(', ')}] → [${vips.toReversed().join(', ')}]`;
    expect(shown(...edits).split('\n')[0]).toBe(`~ vrrp_instance VI_1: ${order}`);
  });

  test('a service and an instance that go, others that come', () => {
    expect(
      shown(
        ['vrrp_instance VI_1', 'vrrp_instance VI_9'],
        ['eth0 VI_1', 'eth0 VI_9'],
        ['virtual_server 10.0.0.50 8080', 'virtual_server 10.0.0.50 80'],
      ),
    ).toMatchInlineSnapshot(`
      "- vrrp_instance VI_1: eth0, virtual_router_id 51, priority 150 (a MASTER hands over first)
          - 10.0.0.50/24 dev eth0
          - 10.1.0.1/24 dev eth1
      - virtual_server TCP 10.0.0.50:8080: scheduler rr (its connections end)
          - real_server 10.1.0.21:8080: NAT, weight 1, 1 check
          - real_server 10.1.0.22:8080: NAT, weight 2, 1 check
          - real_server 10.1.0.23:8080: NAT, weight 3, 1 check
      ~ lvs_sync_daemon: instance VI_1 → VI_9
      + vrrp_instance VI_9: eth0, virtual_router_id 51, priority 150 (joins the election)
          + 10.0.0.50/24 dev eth0
          + 10.1.0.1/24 dev eth1
      + virtual_server TCP 10.0.0.50:80: scheduler rr
          + real_server 10.1.0.21:8080: NAT, weight 1, 1 check
          + real_server 10.1.0.22:8080: NAT, weight 2, 1 check
          + real_server 10.1.0.23:8080: NAT, weight 3, 1 check
      7 added, 7 removed, 1 changed; 0 instances, 0 services and 0 servers untouched
      "
    `);
  });

  test('scheduler, persistence, checks', () => {
    expect(
      shown(
        ['lb_algo rr', 'lb_algo mh\n    mh-port'],
        ['connect_timeout 1', 'connect_timeout 2'],
        ['weight 3', 'weight 3\n        TCP_CHECK {\n            connect_port 81\n        }'],
      ),
    ).toMatchInlineSnapshot(`
      "~ virtual_server TCP 10.0.0.50:8080: scheduler rr → mh, flags none → mh-port (for new connections)
            real_server 10.1.0.21:8080
              ~ TCP_CHECK 10.1.0.21 8080: connect_timeout 1 s → 2 s
            real_server 10.1.0.23:8080
              + TCP_CHECK 10.1.0.23 81: delay_loop 1 s (its server stays what it is until the first probe)
      1 added, 2 changed; 1 instance, 0 services and 1 server untouched
      "
    `);
  });

  test('an interval its peers have to know', () => {
    const edits: [string, string] = ['advert_int 1', 'advert_int 0.1'];
    expect(shown(edits)).toMatchInlineSnapshot(`
      "~ vrrp_instance VI_1: advert_int 1 s → 0.1 s (its peers need the same interval)
      1 changed; 0 instances, 1 service and 3 servers untouched
      "
    `);
  });

  test('a password, which is not shown', () => {
    const block = (password: string) => `authentication {\nauth_type PASS\nauth_pass ${password}\n}`;
    const [none, one, another] = ['', block('hunter2'), block('hunter3')].map((more) =>
      planOf(OLD.replace('advert_int 1', `version 2\n    advert_int 1\n${more}`)),
    );
    const told = renderDifference(difference(none!, one!)) + renderDifference(difference(one!, another!));
    expect(told).toMatchInlineSnapshot(`
      "~ vrrp_instance VI_1: auth_pass none → set (its peers need the same password)
      1 changed; 0 instances, 1 service and 3 servers untouched
      ~ vrrp_instance VI_1: another auth_pass (its peers need the same password)
      1 changed; 0 instances, 1 service and 3 servers untouched
      "
    `);
    const recorded = JSON.stringify(recordDifference(difference(one!, another!)));
    const written = encodePlan({ directorPid: 1, version: '0', plan: one! });
    expect(`${told}${recorded}${written}`).not.toMatch(/hunter/);
    expect(difference(one!, one!).changes).toEqual([]);
  });

  test('keys that sign, which are not shown', () => {
    const key = (id: number, digit: string) => `key ${id} hex:${digit.repeat(64)}\n`;
    const [none, one, both, moved, other] = [
      '',
      `auth_hmac {\n${key(1, '7')}active_key 1\n}`,
      `auth_hmac {\n${key(1, '7')}${key(2, '8')}active_key 1\n}`,
      `auth_hmac {\n${key(1, '7')}${key(2, '8')}active_key 2\nmode permissive\n}`,
      `auth_hmac {\n${key(1, '9')}active_key 1\n}`,
    ].map((more) => planOf(OLD.replace('advert_int 1', `advert_int 1\n${more}`)));
    const steps = [difference(one!, both!), difference(both!, moved!), difference(one!, other!)];
    const told = steps.map((step) => renderDifference(step).split('\n')[0]).join('\n');
    expect(told).toMatchInlineSnapshot(`
      "~ vrrp_instance VI_1: auth_hmac key 2 none → set (its peers need the key that signs)
      ~ vrrp_instance VI_1: active_key 1 → 2, mode enforce → permissive (its peers need the key that signs)
      ~ vrrp_instance VI_1: another auth_hmac key 1 (its peers need the key that signs)"
    `);
    expect(difference(none!, one!).changes).toHaveLength(1);
    const recorded = JSON.stringify(steps.map(recordDifference));
    const written = encodePlan({ directorPid: 1, version: '0', plan: both! });
    expect(`${told}${recorded}${written}`).not.toMatch(/7777|8888|9999/);
  });

  test('persistence', () => {
    const edits: [string, string] = ['protocol TCP', 'protocol TCP\n    persistence_timeout 300'];
    expect(shown(edits)).toMatchInlineSnapshot(`
      "~ virtual_server TCP 10.0.0.50:8080: persistence_timeout 0 s → 300 s (for new connections)
      1 changed; 1 instance, 0 services and 3 servers untouched
      "
    `);
  });
});

test('for programs: the same, with what it costs', () => {
  const before = planOf(pairConfiguration({}));
  const after = planOf(pairConfiguration({ priority: 160 }));
  expect(recordDifference(difference(before, after))).toEqual({
    changes: [
      {
        what: 'instance',
        instance: 'VI_1',
        do: 'changed',
        fields: [{ field: 'priority', from: 150, to: 160 }],
        cost: 'may move the MASTER role',
      },
    ],
    summary: { added: 0, removed: 0, changed: 1, untouched: { instances: 0, services: 1, servers: 3 } },
    needsRestart: false,
  });
});
