// A director that is run from a YAML file: it starts, it reloads, it refuses, as with any other file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const namespace = { name: `lvsd-yaml-${process.pid}`, remove: () => {} };
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-yaml-'));
const file = join(directory, 'director.yaml');
let director: TestDirector;

const configuration = (servers: readonly string[]) => `
director: {engine: embedded, runtime_directory: ${directory}}
vrrp_instance:
  VI_1:
    state: BACKUP
    interface: eth0
    virtual_router_id: 51
    priority: 150
    version: 3
    advert_int: 0.1
    virtual_ipaddress: 10.77.0.50/24
virtual_server:
  10.77.0.50 80:
    lb_algo: rr
    lb_kind: DR
    protocol: TCP
    real_server:
${servers.map((server) => `      ${server} 80: {weight: 1}\n`).join('')}`;

beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
afterEach(() => director.remove());
afterAll(() => {
  namespace.remove();
  rmSync(directory, { recursive: true });
});

test('run -f and HUP', async () => {
  writeFileSync(file, configuration(['10.77.0.21']));
  director = new TestDirector(namespace.name, '', ['run', '-n', '-l', '-f', file]);
  await director.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' });
  const before = director.lines.length;
  writeFileSync(file, configuration(['10.77.0.21']).replace('priority: 150', 'priority: *nobody'));
  director.signal('SIGHUP');
  await director.line({ event: 'config.rejected' }, { from: before });
  writeFileSync(file, configuration(['10.77.0.21', '10.77.0.22']));
  director.signal('SIGHUP');
  await director.line({ event: 'ipvs.applied', commands: 1 }, { from: before });
  await director.line({ event: 'config.loaded' }, { from: before });
  expect(director.lines.slice(before).filter((line) => line.event === 'vrrp.state')).toEqual([]);
});
