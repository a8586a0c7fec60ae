// A pair of directors with the embedded engine and `sync { … }`: a backup that was rebooted knows every
// session before it is needed, also those that say nothing; with another key it knows none.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CertificateMaker } from '../linux/certificates.ts';
import { EngineHost } from '../linux/engine-host.ts';
import { EngineNet, ip, VIP } from '../linux/engine-net.ts';
import { TestDirector } from './director.ts';
import { ADDRESS, ADVERT_MS, type Name, pairFile, writeSyncKey } from './embedded-pair.ts';
import { scrape, valuesOf } from './scrape.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lvs-sync-'));
const KEY = join(scratch, 'sync.key');
const OTHER_KEY = join(scratch, 'other.key');
for (const file of [KEY, OTHER_KEY]) writeSyncKey(file);

/** Of the instance, of the block `sync`, of the block `director`. */
type Words = {
  instance?: string;
  sync?: string;
  director?: string;
  addresses?: Record<Name, string>;
  /** In the place of the key. */
  proof?: Record<Name, string>;
};
const WEB = '127.0.0.1:9165';
const NOPREEMPT: Words = { instance: 'nopreempt' };
let runs = 0;
function configuration(name: Name, directory: string, key: string, words: Words): string {
  const { proof, ...more } = words;
  return pairFile(name, { ...more, directory, proof: proof?.[name] ?? `psk ${key}` });
}

let net: EngineNet;
let client: EngineHost;
let server: EngineHost;
const directors: TestDirector[] = [];
const controls = new Map<TestDirector, string>();
beforeAll(async () => {
  net = new EngineNet('syncs');
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

function start(name: Name, key = KEY, words = NOPREEMPT): TestDirector {
  const directory = join(scratch, `run-${name}-${runs++}`);
  const director = new TestDirector(net.namespace(name), configuration(name, directory, key, words));
  directors.push(director);
  controls.set(director, join(directory, 'control.sock'));
  return director;
}
const isMaster = { event: 'vrrp.state', to: 'MASTER' };
const isBackup = { event: 'vrrp.state', to: 'BACKUP' };
const knows = { event: 'sync.complete', direction: 'in' };
/** Starting two directors takes its time on a busy machine. */
const LIMIT_MS = 180_000;
const PATIENCE = { limitMs: 40_000 };
const open = (session: number) => client.ask({ do: 'open', session, address: VIP, port: 80 });
/** `lvs-director sync` of that director. */
function sync(director: TestDirector, ...words: string[]): { status: number | null; stdout: string } {
  return spawnSync(BIN, ['sync', '--control', controls.get(director)!, ...words], { encoding: 'utf8' });
}
async function alive(sessions: readonly number[]): Promise<number> {
  const said = sessions.map((session) => client.ask({ do: 'say', session, text: 'still here' }));
  return (await Promise.allSettled(said)).filter(({ status }) => status === 'fulfilled').length;
}
/** Power off: nothing is said to anybody. */
function crash(director: TestDirector): void {
  const pids = [director.pid, director.balancerPid];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

test(
  'a rebooted backup gets every session, and keeps it when the master dies',
  async () => {
    const a = start('a', KEY, { ...NOPREEMPT, director: `web ${WEB}` });
    await a.line(isMaster, PATIENCE);
    const first = start('b');
    await first.line(isBackup, PATIENCE);
    await first.line(knows, PATIENCE);
    const sessions = [1, 2, 3, 4, 5, 6];
    for (const session of sessions.slice(0, 4)) await open(session);
    crash(first);
    for (const session of sessions.slice(4)) await open(session);
    const second = start('b');
    const told = await second.line(knows, PATIENCE);
    expect(told).toMatchObject({ entries: 6, connections: 6 });
    const shown = sync(a, '--wait', '10', '--json');
    expect(shown.status).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      state: 'complete',
      peer: '10.77.1.2:8849',
      coverage: 1,
      services: [{ service: `TCP ${VIP}:80`, connections: 6, covered: 6 }],
    });
    const metrics = valuesOf(scrape(net.namespace('a'), WEB));
    expect(metrics.get('lvs_director_sync_state{state="complete"}')).toBe(1);
    expect(metrics.get('lvs_director_sync_coverage_ratio')).toBe(1);
    expect(metrics.get(`lvs_director_sync_service_covered_connections{service="TCP ${VIP}:80"}`)).toBe(6);
    expect(metrics.get('lvs_director_sync_lag_seconds')).toBe(0);
    crash(a);
    await second.line(isMaster, PATIENCE);
    expect(await alive(sessions)).toBe(6);
  },
  LIMIT_MS,
);

test(
  'what is opened after a takeover is known to the one that comes back',
  async () => {
    const a = start('a');
    await a.line(isMaster, PATIENCE);
    const b = start('b');
    await b.line(knows, PATIENCE);
    await open(11);
    a.signal('SIGTERM');
    await b.line(isMaster, PATIENCE);
    await a.ended;
    expect(a.lines.some(({ event }) => event === 'handover.uncovered')).toBe(false);
    expect(await alive([11])).toBe(1);
    await open(12);
    const back = start('a');
    expect(await back.line(knows, PATIENCE)).toMatchObject({ connections: 2 });
    crash(b);
    await back.line(isMaster, PATIENCE);
    expect(await alive([11, 12])).toBe(2);
  },
  LIMIT_MS,
);

test(
  'with another key nothing is told, and it is said why',
  async () => {
    const a = start('a');
    await a.line(isMaster, PATIENCE);
    await open(21);
    const b = start('b', OTHER_KEY);
    await b.line({ event: 'sync.refused', reason: 'key' }, PATIENCE);
    await a.line({ event: 'sync.refused', reason: 'key' }, PATIENCE);
    expect([...a.lines, ...b.lines].some(({ event }) => event === 'sync.peer')).toBe(false);
    const shown = sync(a);
    expect(shown.status).toBe(1);
    expect(shown.stdout).toMatch(/not connected[\s\S]*0\.00 % of 1 connections[\s\S]*1 would break/);
    a.signal('SIGUSR2');
    const refused = await a.line({ event: 'drill.refused' }, PATIENCE);
    expect(refused.why).toBe("the peer's balancer is not connected: 1 of 1 would break");
    a.signal('SIGTERM');
    const uncovered = await a.line({ event: 'handover.uncovered' }, PATIENCE);
    expect(uncovered).toMatchObject({ isConnected: false, connections: 1, covered: 0 });
    expect(await a.ended).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a reload that takes the instance out of the file says what breaks, and tells the peer what it can',
  async () => {
    // Slow adverts: there is time to look while it hands over.
    const slow: Words = { instance: 'nopreempt\nadvert_int 2' };
    const a = start('a', KEY, slow);
    await a.line(isMaster, PATIENCE);
    await open(25);
    const whole = readFileSync(a.file, 'utf8');
    const without = whole.replace(/vrrp_instance.*(?=virtual_server)/s, '');
    a.write(without);
    a.signal('SIGHUP');
    const alone = await a.line({ event: 'handover.uncovered' }, PATIENCE);
    expect(alone).toMatchObject({ isConnected: false, connections: 1, covered: 0 });
    await a.line({ event: 'config.loaded' }, PATIENCE);
    const from = a.lines.length;
    a.write(whole);
    a.signal('SIGHUP');
    await a.line(isMaster, { ...PATIENCE, from });
    const b = start('b', KEY, slow);
    await b.line(knows, PATIENCE);
    await open(26);
    const again = { ...PATIENCE, from: a.lines.length };
    a.write(without);
    a.signal('SIGHUP');
    await a.line({ event: 'vrrp.state', to: 'LEAVING' }, again);
    expect(await alive([26])).toBe(1);
    expect(b.lines.some(({ to }) => to === 'MASTER')).toBe(false);
    await b.line(isMaster, PATIENCE);
    expect(a.lines.filter(({ event }) => event === 'handover.uncovered')).toHaveLength(1);
    expect(await alive([26])).toBe(1);
  },
  LIMIT_MS,
);

test(
  'who comes back does not preempt before it knows the sessions',
  async () => {
    const b = start('b', KEY, {});
    await b.line(isMaster, PATIENCE);
    const sessions = [31, 32, 33];
    for (const session of sessions) await open(session);
    // As good as a peer that is slow to tell: no connection, until the key is put right.
    const key = join(scratch, 'a.key');
    copyFileSync(OTHER_KEY, key);
    const a = start('a', key, {});
    await a.line({ event: 'vrrp.preempt.waits' }, PATIENCE);
    await sleep(6 * ADVERT_MS);
    expect(a.lines.some(({ event, to }) => event === 'vrrp.state' && to === 'MASTER')).toBe(false);
    copyFileSync(KEY, key);
    a.signal('SIGHUP');
    await a.line({ event: 'vrrp.preempt.synced' }, PATIENCE);
    await a.line(isMaster, PATIENCE);
    await b.line({ ...isBackup, reason: 'better master' }, PATIENCE);
    expect(await alive(sessions)).toBe(3);
  },
  LIMIT_MS,
);

test(
  'but only for as long as it is told to wait',
  async () => {
    const b = start('b', KEY, {});
    await b.line(isMaster, PATIENCE);
    const a = start('a', OTHER_KEY, { sync: 'preempt_wait 2' });
    expect(await a.line({ event: 'vrrp.preempt.waits' }, PATIENCE)).toMatchObject({ waitMs: 2000 });
    await a.line({ event: 'vrrp.preempt.unsynced' }, PATIENCE);
    await a.line(isMaster, PATIENCE);
  },
  LIMIT_MS,
);

test(
  'over link-local addresses of a link of their own',
  async () => {
    const addresses = { a: 'fe80::77:1', b: 'fe80::77:2' };
    for (const name of ['a', 'b'] as const)
      ip('-n', net.namespace(name), 'addr', 'add', `${addresses[name]}/64`, 'dev', 'eth1', 'nodad');
    const words = { ...NOPREEMPT, sync: 'interface eth1', addresses };
    const a = start('a', KEY, words);
    await a.line(isMaster, PATIENCE);
    await open(41);
    const b = start('b', KEY, words);
    expect(await b.line(knows, PATIENCE)).toMatchObject({ connections: 1 });
    expect(sync(a, '--wait', '10').stdout).toContain('sync with [fe80::77:2]:8849 (embedded engine)');
  },
  LIMIT_MS,
);

test(
  'by certificates, one of which is over soon, and another that comes with HUP',
  async () => {
    const maker = new CertificateMaker();
    const authority = maker.authority();
    const place = (name: Name, file: string) => join(scratch, `${name}-${file}.pem`);
    const give = (name: Name, days: number) => {
      const names = `IP:${ADDRESS[name]}`;
      const { files } = maker.signed(authority, { names, valid: [-1, days] });
      copyFileSync(files.certificate, place(name, 'certificate'));
      copyFileSync(files.key, place(name, 'key'));
      copyFileSync(authority.files.certificate, place(name, 'authority'));
    };
    const wordsOf = (name: Name) =>
      [
        `certificate ${place(name, 'certificate')}`,
        `private_key ${place(name, 'key')}`,
        `authority ${place(name, 'authority')}`,
      ].join('\n    ');
    give('a', 30);
    give('b', 5.5);
    const words = { ...NOPREEMPT, proof: { a: wordsOf('a'), b: wordsOf('b') } };
    const a = start('a', KEY, words);
    await a.line(isMaster, PATIENCE);
    await open(51);
    const b = start('b', KEY, words);
    expect(await b.line(knows, PATIENCE)).toMatchObject({ connections: 1 });
    expect(await b.line({ event: 'sync.certificate' })).toMatchObject({ level: 'warn', days: 5 });
    give('b', 30);
    const from = b.lines.length;
    b.signal('SIGHUP');
    await b.line({ event: 'config.loaded' }, { from, ...PATIENCE });
    expect(b.lines.slice(from).some(({ event }) => event === 'sync.certificate')).toBe(false);
    expect(sync(a, '--wait', '10').status).toBe(0);
    expect([...a.lines, ...b.lines].some(({ event }) => event === 'sync.lost')).toBe(false);
    expect(a.lines.some(({ event }) => event === 'sync.certificate')).toBe(false);
    maker.remove();
  },
  LIMIT_MS,
);
