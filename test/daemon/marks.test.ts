// A whole director with the embedded engine and `nftables_ipvs`: one service for a group, listed as ipvsadm
// lists it, a client that stays with its server whichever address and port of the group it asks, and reloads
// and the death of its balancer that change no mark.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineHost } from '../linux/engine-host.ts';
import { EngineNet, INNER_VIP, VIP } from '../linux/engine-net.ts';
import { TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const OTHER = '10.77.0.101';
const scratch = mkdtempSync(join(tmpdir(), 'lvs-marks-'));
const group = (name: string, members: string, port = ' 8080', more = '') => `virtual_server_group ${name} {
${members}
}
virtual_server group ${name} {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  ${more}
  real_server 10.77.1.21${port} {
    weight 1
  }
  real_server 10.77.1.22${port} {
    weight 1
  }
}
`;
const FIRST = group('first', `${VIP} 9`);
const WEB = group('web', `${VIP} 8080\n${OTHER} 8080\n${OTHER} 8090`, '', 'persistence_timeout 60');
const LAST = group('last', `${VIP} 10`);
const configuration = (groups: string) => `
director {
  engine embedded
  runtime_directory ${scratch}
}
global_defs {
  nftables_ipvs
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  version 3
  advert_int 0.2
  virtual_ipaddress {
    ${VIP}/24 dev eth0
    ${OTHER}/24 dev eth0
    ${INNER_VIP}/24 dev eth1
  }
}
${groups}`;

let net: EngineNet;
let client: EngineHost;
const servers: EngineHost[] = [];
let director: TestDirector;

beforeAll(async () => {
  net = new EngineNet('engmarks');
  client = new EngineHost(net.namespace('client'));
  for (const name of ['s1', 's2'] as const) {
    const host = new EngineHost(net.namespace(name));
    servers.push(host);
    for (const port of [8080, 8090]) await host.ask({ do: 'serve', port, name });
  }
  director = new TestDirector(net.namespace('a'), configuration(`${FIRST}${WEB}`));
  await director.line({ event: 'vrrp.state', to: 'MASTER' }, { limitMs: 30_000 });
});
afterAll(async () => {
  await director?.remove();
  await Promise.all([client, ...servers].map((host) => host?.stop()));
  net?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const control = join(scratch, 'control.sock');
const services = () =>
  execFileSync(BIN, ['ipvs', '-Sn', '--control', control], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('-A'));
let session = 0;
const open = (address: string, port: number): Promise<string> =>
  client.ask({ do: 'open', session: session++, address, port });
async function reload(groups: string, event = 'config.loaded'): Promise<number> {
  const from = director.lines.length;
  director.write(configuration(groups));
  director.signal('SIGHUP');
  await director.line({ event }, { from });
  return from;
}
const diff = () => spawnSync(BIN, ['diff', director.file], { encoding: 'utf8' });

test('a group is one service by mark, and no part of the file is left out', async () => {
  const { msg } = await director.line({ event: 'marks.applied' });
  expect(msg).toBe('2 marks for packets to 3 ranges of addresses, by the engine itself: 3 added, 0 removed');
  expect(services()).toEqual(['-A -f 1000 -s rr', '-A -f 1001 -s rr -p 60']);
  const { status, stdout } = spawnSync(BIN, ['check', director.file], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.not.stringContaining('nftables') });
});

test('a client stays with its server across addresses and ports; another port is nobody’s', async () => {
  const ends = [
    [VIP, 8080],
    [OTHER, 8080],
    [OTHER, 8090],
    [VIP, 8080],
  ] as const;
  const answers = [];
  for (const [address, port] of ends) answers.push(await open(address, port));
  expect(new Set(answers)).toEqual(new Set([answers[0]]));
  await expect(open(VIP, 8090)).rejects.toThrow();
  expect(new Set([await open(VIP, 9), await open(VIP, 9)]).size).toBe(2);
});

test('a reload: marks stay with their groups, sessions go on, diff and the log say what comes', async () => {
  await open(VIP, 8080);
  const mine = session - 1;
  expect(diff()).toMatchObject({ status: 0 });
  director.write(configuration(`${WEB}${LAST}`));
  expect(diff().stdout).toContain('+ virtual_server group last TCP: scheduler rr, firewall mark 1002');
  const from = await reload(`${WEB}${LAST}`, 'marks.applied');
  expect(services()).toEqual(['-A -f 1001 -s rr -p 60', '-A -f 1002 -s rr']);
  const { msg } = await director.line({ event: 'marks.differ' }, { from });
  expect(msg).toContain('marks are kept (group web TCP 1001, group last TCP 1002)');
  expect(await client.ask({ do: 'say', session: mine, text: 'still' })).toMatch(/^s[12] still$/);
  await expect(open(VIP, 9)).rejects.toThrow();
  expect(await open(VIP, 10)).toMatch(/^s[12] hello$/);
});

test('the balancer dies: the next one goes on with the marks in force', async () => {
  const from = director.lines.length;
  process.kill(director.balancerPid, 'SIGKILL');
  await director.line({ event: 'marks.applied' }, { from });
  await expect.poll(services).toEqual(['-A -f 1001 -s rr -p 60', '-A -f 1002 -s rr']);
  await expect.poll(() => diff().status).toBe(0);
});

test('without the word each address is a service again; nothing is marked after a stop', async () => {
  const without = configuration(`${WEB}${LAST}`).replace('nftables_ipvs', 'router_id x');
  const from = director.lines.length;
  director.write(without);
  expect(diff().stdout).toContain('other services of IPVS take its place: its connections end');
  director.signal('SIGHUP');
  await director.line({ event: 'marks.removed' }, { from });
  expect(services()).toEqual([
    `-A -t ${VIP}:10 -s rr`,
    `-A -t ${VIP}:8080 -s rr -p 60`,
    `-A -t ${OTHER}:8080 -s rr -p 60`,
    `-A -t ${OTHER}:8090 -s rr -p 60`,
  ]);
  const again = await reload(`${WEB}${LAST}`, 'marks.applied');
  director.signal('SIGTERM');
  await director.line({ event: 'marks.removed' }, { from: again });
  expect(await director.ended).toBe(0);
});
