// Two virtual servers of one group and protocol: behind the same services, with the servers of both.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';
import { ALL_UP, desiredTable } from '../../src/director/health.ts';
import { planPools } from '../../src/director/services.ts';
import { planTargets } from '../../src/director/targets.ts';
import { serverTrio, serviceTrio } from '../../src/health/wording.ts';

const GROUP = 'virtual_server_group web {\n 10.0.0.50-51 80\n}\n';
const service = (hosts: readonly number[], words = 'lvs_sched rr', protocol = 'TCP') =>
  `virtual_server group web {\n protocol ${protocol}\n ${words}\n lvs_method NAT\n` +
  `${hosts.map((host) => ` real_server 10.1.0.${host} 80 {\n weight ${host}\n }\n`).join('')}}\n`;

function read(...services: string[]) {
  const { configuration, diagnostics, sources } = readConfiguration([
    { name: 'x.conf', text: GROUP + services.join('') },
  ]);
  const pools = planPools(configuration);
  return {
    pools,
    targets: planTargets(configuration).map((target) => `${target.service} ${target.server}`),
    said: recordDiagnostics(sources, diagnostics).map(
      ({ severity, code, message }) => `${severity} ${code} ${message}`,
    ),
    weights: [...desiredTable(pools, ALL_UP)].map(([key, { scheduler, servers }]) => [
      key,
      scheduler,
      [...servers.values()].map(({ weight }) => weight).toSorted(),
    ]),
  };
}

test('each has its own name, checks and quorum, and the services have the servers of both', () => {
  const { pools, targets, said, weights } = read(
    service([1, 2]),
    service([3]),
    service([4], undefined, 'UDP'),
  );
  expect([...pools.keys()]).toEqual(['group web TCP', 'group web TCP #1', 'group web UDP']);
  expect(targets).toContain('group web TCP #1 10.1.0.3:80');
  expect(said).toEqual([]);
  expect(weights).toEqual([
    ['TCP 10.0.0.50:80', 'rr', [1, 2, 3]],
    ['TCP 10.0.0.51:80', 'rr', [1, 2, 3]],
    ['UDP 10.0.0.50:80', 'rr', [4]],
    ['UDP 10.0.0.51:80', 'rr', [4]],
  ]);
});

test('where they want to be scheduled differently, the first one is followed, and it is said', () => {
  const { said, weights } = read(service([1]), service([2], 'lvs_sched wlc'));
  expect(said).toEqual([
    'warning CFG_TWO_ROLES the first virtual_server of web says how its connections are scheduled',
  ]);
  expect(weights[0]).toEqual(['TCP 10.0.0.50:80', 'rr', [1, 2]]);
});

test('keepalived’s words for the second one', () => {
  const name = { service: 'group web TCP #1', server: '10.1.0.3:80' };
  expect(serviceTrio(name.service)).toBe('[web]:1');
  expect(serverTrio(name)).toBe('[10.1.0.3]:tcp:80');
  expect(serverTrio({ ...name, service: 'group marks #1' })).toBe('[10.1.0.3]:none:80');
});
