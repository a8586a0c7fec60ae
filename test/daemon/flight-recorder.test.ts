// The flight recorder of a whole director: a transition, a planned stop and USR1 leave files that tcpdump
// reads, and not more of them than the file says.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

let namespace: ReturnType<typeof makeNamespace>;
let director: TestDirector | undefined;
beforeAll(() => {
  namespace = makeNamespace(`lvsd-flight-${process.pid}`);
});
afterAll(() => namespace.remove());
afterEach(() => director?.remove());

const configuration = (directory: string, kept: number) => `
director {
    engine embedded
    runtime_directory ${directory}
    flight_recorder ${kept}
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.50/24
    }
}
`;
function start(kept: number): TestDirector {
  director = new TestDirector(namespace.name, '', ['run', '-n', '-l']);
  director.write(`global_defs {\nvrrp_version 3\n}\n${configuration(director.directory, kept)}`);
  return director;
}
const files = (of: TestDirector) => readdirSync(of.directory).filter((name) => name.startsWith('flight-'));

test('becoming MASTER and stopping are recorded', async () => {
  const ours = start(1);
  const { json, pcapng, because } = (await ours.line({ event: 'recording.written' })) as unknown as {
    json: string;
    pcapng: string;
    because: string[];
  };
  expect(because).toEqual(['VI_1: BACKUP → MASTER (no master heard)']);
  const { events } = JSON.parse(readFileSync(json, 'utf8')) as { events: Record<string, unknown>[] };
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const kind of ['sent', 'armed', 'expired', 'state', 'link', 'command']) expect(kinds).toContain(kind);
  const printed = execFileSync('tcpdump', ['-r', pcapng, '-n'], { encoding: 'utf8', stdio: 'pipe' });
  const adverts = printed.trim().split('\n');
  expect(adverts).toHaveLength(events.filter(({ kind }) => kind === 'sent').length);
  expect(adverts.length).toBeGreaterThan(5); // a second of them, after the transition
  for (const line of adverts) expect(line).toMatch(/10\.77\.0\.1 > 224\.0\.0\.18: VRRPv3.*vrid 51, prio 100/);

  const from = ours.lines.length;
  ours.signal('SIGTERM');
  expect(await ours.ended).toBe(0);
  const last = await ours.line({ event: 'recording.written' }, { from });
  expect(last.because).toContain('VI_1: MASTER → LEAVING (stopping)');
  expect(files(ours)).toHaveLength(2);
});

test('with 0 none is written', async () => {
  const ours = start(0);
  await ours.line({ event: 'vrrp.state', to: 'MASTER' });
  ours.signal('SIGUSR1');
  await ours.line({ event: 'state.written' });
  ours.signal('SIGTERM');
  await ours.ended;
  expect(files(ours)).toEqual([]);
});
