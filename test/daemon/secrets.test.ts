// Two directors that share a secret: whole programs, from the file to the wire and back. What is only sealed
// in their plans has to be the real thing in their adverts, and to be seen nowhere else.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const namespace = { name: `lvsd-secrets-${process.pid}`, remove: () => {} };
const far = `${namespace.name}-far`;
const directors: TestDirector[] = [];
beforeAll(() => {
  Object.assign(namespace, makeNamespace(namespace.name));
  execFileSync('ip', ['-n', far, 'addr', 'add', '10.77.0.2/24', 'dev', 'eth0']);
});
afterAll(() => namespace.remove());
afterEach(async () => {
  for (const director of directors.splice(0)) await director.remove();
});

const configuration = (directory: string, priority: number, lines: string) => `
director {
    engine embedded
    runtime_directory ${directory}
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    virtual_ipaddress {
        10.77.0.50/24
    }
${lines}
}
`;
function start(where: string, priority: number, lines: string): TestDirector {
  const director = new TestDirector(where, '', ['run', '-n', '-l']);
  director.write(configuration(director.directory, priority, lines));
  directors.push(director);
  return director;
}
/** The second one follows the first, and neither has a word to say against the other. */
async function startPair(lines: string): Promise<[TestDirector, TestDirector]> {
  const a = start(namespace.name, 150, lines);
  await a.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' });
  const b = start(far, 100, lines);
  await b.line({ event: 'vrrp.state', msg: '(VI_1) Entering BACKUP STATE (init)' });
  await new Promise((resolve) => setTimeout(resolve, 4500)); // a backup that hears nothing waits 3.6 s
  const events = [...a.lines, ...b.lines].map(({ event }) => event);
  expect(events).not.toContain('vrrp.advert.dropped');
  expect(b.lines.map(({ msg }) => msg)).not.toContain('(VI_1) Entering MASTER STATE');
  return [a, b];
}
async function written(director: TestDirector): Promise<string> {
  const from = director.lines.length;
  director.signal('SIGUSR1');
  await director.line({ event: 'state.written' }, { from });
  await director.line({ event: 'recording.written' }, { from });
  const all = readdirSync(director.directory, { withFileTypes: true });
  const files = all.filter((each) => each.isFile() && !each.name.endsWith('.conf'));
  const texts = files.map(({ name }) => readFileSync(`${director.directory}/${name}`, 'utf8'));
  return [...texts, JSON.stringify(director.lines), director.stderr].join('\n');
}

test('a password: what the file says is on the wire, and nowhere else', async () => {
  const lines = 'version 2\nadvert_int 1\nauthentication {\nauth_type PASS\nauth_pass hunter2\n}';
  const [a, b] = await startPair(lines);
  for (const director of [a, b]) expect(await written(director)).not.toContain('hunter2');
});

test('a key in a file: read, told apart, taken over at a reload, and shown nowhere', async () => {
  const file = `${tmpdir()}/lvsd-key-${process.pid}`;
  const [first, second] = ['5a'.repeat(32), 'a5'.repeat(32)];
  writeFileSync(file, `hex:${first}\n`, { mode: 0o600 });
  const key = `auth_hmac {\nkey 1 file:${file}\nactive_key 1\n}`;
  const lines = `version 3\nadvert_int 0.2\n${key}`;
  const [a, b] = await startPair(lines);

  const from = b.lines.length;
  writeFileSync(file, `hex:${second}\n`, { mode: 0o600 });
  // A balancer that takes another's place goes on with what is in force.
  process.kill(b.balancerPid, 'SIGKILL');
  await b.line({ event: 'config.loaded' }, { from });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(b.lines.slice(from).map(({ event }) => event)).not.toContain('vrrp.advert.dropped');
  b.signal('SIGHUP');
  await b.line({ event: 'vrrp.advert.dropped', reason: 'wrong-signature' }, { from });
  await b.line({ event: 'vrrp.state', to: 'MASTER' }, { from });
  a.signal('SIGHUP');
  await b.line({ event: 'vrrp.state', to: 'BACKUP', reason: 'better master' }, { from });

  expect(await written(a)).not.toMatch(/(5a){4}|(a5){4}/i);
  const text = await written(b);
  expect(text).toContain('clockSkewMs');
  expect(text).not.toMatch(/(5a){4}|(a5){4}/i);
  rmSync(file);
});
