// A pair of directors over IPv6 with the embedded engine: an election by IPv6, virtual addresses that only
// the engine has, a service by NAT, listed as ipvsadm lists it, and sessions that go on when the master dies.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EngineHost } from '../linux/engine-host.ts';
import { EngineNet, INNER_VIP6, VIP6 } from '../linux/engine-net.ts';
import { TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lvs-six-'));
type Name = 'a' | 'b';
const folder = (name: Name) => join(scratch, `run-${name}`);
const configuration = (name: Name) => `
director {
  engine embedded
  runtime_directory ${folder(name)}
}
global_defs {
  lvs_sync_daemon eth1 VI_6 id 66
}
vrrp_instance VI_6 {
  interface eth0
  virtual_router_id 66
  priority ${name === 'a' ? 150 : 100}
  version 3
  advert_int 0.5
  nopreempt
  virtual_ipaddress {
    fe80::66/64 dev eth0
    ${VIP6}/128 dev eth0
    ${INNER_VIP6}/128 dev eth1
  }
}
virtual_server ${VIP6} 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  persistence_timeout 60
  persistence_granularity 64
  real_server fd77:1::21 8080 {
    weight 1
  }
}`;

let net: EngineNet;
let client: EngineHost;
let server: EngineHost;
const directors: TestDirector[] = [];
beforeAll(async () => {
  net = new EngineNet('sixes').withIpv6();
  client = new EngineHost(net.namespace('client'));
  server = new EngineHost(net.namespace('s1'));
  await server.ask({ do: 'serve', port: 8080, name: 's1' });
});
afterEach(async () => {
  await Promise.all(directors.splice(0).map((each) => each.remove()));
});
afterAll(async () => {
  await Promise.all([client, server].map((each) => each?.stop()));
  net?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

function start(name: Name): TestDirector {
  const director = new TestDirector(net.namespace(name), configuration(name));
  directors.push(director);
  return director;
}
function list(name: Name, options: string): string[] {
  const words = ['ipvs', options, '--control', join(folder(name), 'control.sock')];
  return execFileSync(BIN, words, { encoding: 'utf8' }).trimEnd().split('\n');
}
const isMaster = { event: 'vrrp.state', to: 'MASTER' };
const PATIENCE = { limitMs: 40_000 };
/** Two lines of heading, the sessions and their template. */
const TOLD = 2 + 3 + 1;

test('the sessions of a dead master go on, and are listed', { timeout: 180_000 }, async () => {
  const a = start('a');
  await a.line(isMaster, PATIENCE);
  const b = start('b');
  await b.line({ event: 'sync.stream', role: 'backup' }, PATIENCE);
  const sessions = [1, 2, 3];
  for (const session of sessions) {
    expect(await client.ask({ do: 'open', session, address: VIP6, port: 80 })).toBe('s1 hello');
  }
  const listed = list('a', '-Ln');
  expect(listed).toContain(`TCP  [${VIP6}]:80 rr persistent 60 mask 64`);
  expect(listed.at(-1)).toMatch(/^ {2}-> \[fd77:1::21\]:8080 +Masq +1 +3 +0 *$/);
  const connections = list('a', '-Lnc').join('\n');
  expect(connections).toMatch(/TCP \d\d:\d\d {2}ESTABLISHED \[fd77::10\]:\d+ +\[fd77::100\]:80 /);
  expect(connections).toMatch(/ASSURED +\[fd77::\]:0 +\[fd77::100\]:80 +\[fd77:1::21\]:8080/);
  expect(net.exec('client', 'ip', 'neigh', 'show', VIP6)).toContain('00:00:5e:00:02:42');
  for (const deadline = Date.now() + 20_000; list('b', '-Lnc').length < TOLD; ) {
    expect(Date.now()).toBeLessThan(deadline);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const pid of [a.pid, a.balancerPid]) process.kill(pid, 'SIGKILL');
  await b.line(isMaster, PATIENCE);
  for (const session of sessions) {
    expect(await client.ask({ do: 'say', session, text: 'still here' })).toBe('s1 still here');
  }
});
