// Live sessions through a director whose servers leave and come back, by command and by the file: none is
// lost by a drain, and the server goes with its last session. What forwards is the embedded engine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineHost } from '../linux/engine-host.ts';
import { EngineNet, INNER_VIP, VIP } from '../linux/engine-net.ts';
import { TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lvs-drain-'));
const folder = join(scratch, 'run');
const control = ['--control', join(folder, 'control.sock')];
const configuration = (hosts: readonly number[]) => `director {
  engine embedded
  runtime_directory ${folder}
  servers {
    slow_start 2
  }
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 77
  priority 150
  version 3
  advert_int 0.5
  virtual_ipaddress {
    ${VIP}/24 dev eth0
    ${INNER_VIP}/24 dev eth1
  }
}
virtual_server ${VIP} 80 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
${servers(hosts)}}
virtual_server ${VIP} 81 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
  persistence_timeout 60
${servers([21, 22])}}
`;
function servers(hosts: readonly number[]): string {
  return hosts.map((host) => `  real_server 10.77.1.${host} 8080 {\n    weight 1\n  }\n`).join('');
}
const PATIENCE = { limitMs: 60_000 };

let net: EngineNet;
let hosts: EngineHost[] = [];
let client: EngineHost;
let director: TestDirector;
beforeAll(async () => {
  net = new EngineNet('drains');
  hosts = ['client', 's1', 's2'].map((name) => new EngineHost(net.namespace(name)));
  client = hosts[0]!;
  for (const [index, name] of ['s1', 's2'].entries())
    await hosts[index + 1]!.ask({ do: 'serve', port: 8080, name });
  director = new TestDirector(net.namespace('a'), configuration([21, 22]));
  await director.line({ event: 'vrrp.state', to: 'MASTER' }, PATIENCE);
  await director.line({ event: 'control.listening' }, PATIENCE);
});
afterAll(async () => {
  await director?.remove();
  await Promise.all(hosts.map((each) => each.stop()));
  net?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

/** Host → weight, and how many connections it has. */
function table(port = 80): Record<string, string> {
  const words = ['ipvs', '-Ln', '-t', `${VIP}:${port}`, ...control];
  const lines = execFileSync(BIN, words, { encoding: 'utf8' }).split('\n');
  const rows = lines.flatMap((line) => {
    const match = /-> 10\.77\.1\.(\d+):8080 +Masq +(\d+) +(\d+) +(\d+)/.exec(line);
    return match === null ? [] : [[match[1]!, `${match[2]}: ${Number(match[3]) + Number(match[4])}`]];
  });
  return Object.fromEntries(rows);
}

/** What is logged to begin is in the table a moment later. */
function untilQuiet(host: number, port = 80): void {
  for (const deadline = Date.now() + 20_000; !table(port)[host]?.startsWith('0: '); )
    expect(Date.now()).toBeLessThan(deadline);
}

const opened = new Map<number, string>();
let sessions = 0;
async function open(port = 80): Promise<string> {
  const session = ++sessions;
  const server = String(await client.ask({ do: 'open', session, address: VIP, port })).split(' ')[0]!;
  opened.set(session, server);
  return server;
}
async function everybodyAnswers(): Promise<void> {
  for (const [session, server] of opened)
    expect(await client.ask({ do: 'say', session, text: 'on' })).toBe(`${server} on`);
}
async function hangUp(server: string): Promise<void> {
  for (const [session, own] of opened) {
    if (own !== server) continue;
    await client.ask({ do: 'reset', session });
    opened.delete(session);
  }
}

test('a drain by command', { timeout: 180_000 }, async () => {
  expect([await open(), await open(), await open(), await open()].toSorted()).toEqual([
    's1',
    's1',
    's2',
    's2',
  ]);
  const drain = spawn(BIN, ['drain', `${VIP}:80`, '10.77.1.21', '--json', ...control]);
  let told = '';
  drain.stdout.on('data', (chunk) => (told += chunk));
  const ended = new Promise<number | null>((resolve) => drain.on('close', resolve));
  await director.line({ event: 'drain.begun' }, PATIENCE);
  untilQuiet(21);
  expect([await open(), await open(), await open()]).toEqual(['s2', 's2', 's2']);
  await everybodyAnswers();
  expect(table()).toEqual({ 21: '0: 2', 22: '1: 5' });
  await hangUp('s1');
  const { cut } = await director.line({ event: 'drain.ended', server: '10.77.1.21:8080' }, PATIENCE);
  expect(cut).toBe(0);
  expect(await ended).toBe(0);
  expect(
    told
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).step),
  ).toEqual(expect.arrayContaining(['plan', 'progress', 'result']));
  await everybodyAnswers();
  expect(table()).toEqual({ 22: '1: 5' });
});

test('ready again it grows to its share', { timeout: 120_000 }, async () => {
  execFileSync(BIN, ['ready', `${VIP}:80`, '10.77.1.21', ...control]);
  await director.line({ event: 'slowstart.ended' }, PATIENCE);
  expect(table()).toMatchObject({ 21: '1: 0', 22: expect.stringMatching(/^1: /) });
  expect(new Set([await open(), await open()])).toEqual(new Set(['s1', 's2']));
});

test('a client that persists comes back, until templates expire', { timeout: 120_000 }, async () => {
  const first = await open(81);
  const host = { s1: 21, s2: 22 }[first]!;
  const server = `10.77.1.${host}`;
  const order = (...words: string[]) =>
    execFileSync(BIN, [words[0]!, `${VIP}:81`, server, ...words.slice(1), ...control]);
  order('drain', '--no-wait');
  untilQuiet(host, 81);
  expect(await open(81)).toBe(first);
  order('ready');
  const from = director.lines.length;
  order('drain', '--no-wait', '--expire-templates');
  untilQuiet(host, 81);
  expect(await open(81)).not.toBe(first);
  await everybodyAnswers();
  await hangUp(first);
  await director.line({ event: 'drain.ended', server: `${server}:8080`, cut: 0 }, { from, ...PATIENCE });
  expect(Object.keys(table(81))).toEqual([String(43 - host)]);
});

test('a server that leaves the file keeps its session, and goes with it', { timeout: 120_000 }, async () => {
  const from = director.lines.length;
  director.write(configuration([22]));
  director.signal('SIGHUP');
  await director.line({ event: 'drain.begun', because: 'removed' }, { from, ...PATIENCE });
  untilQuiet(21);
  expect(await open()).toBe('s2');
  await everybodyAnswers();
  await hangUp('s1');
  const line = await director.line(
    { event: 'drain.ended', server: '10.77.1.21:8080' },
    { from, ...PATIENCE },
  );
  expect(line.cut).toBe(0);
  expect(Object.keys(table())).toEqual(['22']);
  await everybodyAnswers();
});
