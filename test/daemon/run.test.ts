// The director as its operator meets it: exit codes, signals, log lines, and what happens when one of its
// processes dies. On this machine's kernel, with whichever engine it has; the kernel engine's own tests
// are in test/lab.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const configuration = (directory: string, { servers = ['10.77.0.21'], extra = '' } = {}) => `
director {
    engine embedded
    runtime_directory ${directory}
    drill {
        hold 1
    }
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.50/24
    }
    ${extra}
}
virtual_server 10.77.0.50 80 {
    lb_algo rr
    lb_kind DR
    protocol TCP
${servers.map((server) => `    real_server ${server} 80 {\n        weight 1\n    }\n`).join('')}}
`;
const namespace = { name: `lvsd-run-${process.pid}`, remove: () => {} };
let director: TestDirector;

beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
afterAll(() => namespace.remove());
afterEach(() => director.remove());

/** Started, and MASTER because nobody else is there. */
async function master(args?: readonly string[]): Promise<TestDirector> {
  director = new TestDirector(namespace.name, '', args);
  director.write(configuration(director.directory));
  await director.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' });
  return director;
}
/** A zombie that nobody has waited for yet is dead. */
function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('start, elect, stop: the words in order, exit code 0, nothing left', async () => {
  await master();
  const { pid, balancerPid } = director;
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  const events = director.lines.map((line) => line.event).filter((event) => event !== 'vrrp.handover');
  const order = [
    'director.start',
    'ipvs.engine',
    'director.ready',
    'vrrp.state',
    'director.stop',
    'director.stopped',
  ];
  const positions = order.map((event) => events.indexOf(event));
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
  expect(positions).not.toContain(-1);
  expect(existsSync(director.pidFile)).toBe(false);
  expect([alive(pid), alive(balancerPid)]).toEqual([false, false]);
});

test("invoked with only keepalived's options it runs", async () => {
  await master(['-n', '-l', '-D', '-r', '/nowhere/vrrp.pid', '-c', '/nowhere/checkers.pid']);
});

test('a broken file: exit code 2, every diagnostic with its caret', async () => {
  director = new TestDirector(namespace.name, 'vrrp_instance VI_1 {\n    prioritty 300\n}\n');
  expect(await director.ended).toBe(2);
  const { msg } = await director.line({ event: 'config.rejected' });
  expect(msg).toContain('director.conf:2:5: error:');
  expect(msg).toContain('^^^^^^^^^');
});

test('no file: exit code 6', async () => {
  director = new TestDirector(namespace.name, '', ['run', '-n', '-f', '/nonexistent/director.conf']);
  expect(await director.ended).toBe(6);
});

test('HUP: a broken file changes nothing, a good one what it says', async () => {
  await master();
  const before = director.lines.length;
  director.write(configuration(director.directory).replace('lb_algo rr', 'lb_algo roundrobin'));
  director.signal('SIGHUP');
  await director.line({ event: 'config.rejected' }, { from: before });
  director.write(configuration(director.directory, { servers: ['10.77.0.21', '10.77.0.22'] }));
  director.signal('SIGHUP');
  await director.line({ event: 'ipvs.applied', commands: 1 }, { from: before });
  await director.line({ event: 'config.loaded' }, { from: before });
  expect(director.lines.slice(before).filter((line) => line.event === 'vrrp.state')).toEqual([]);
});

test('USR1 writes the whole state, as JSON and as text', async () => {
  await master();
  director.signal('SIGUSR1');
  await director.line({ event: 'state.written' });
  const state = JSON.parse(readFileSync(`${director.directory}/state.json`, 'utf8'));
  expect(state).toMatchObject({ directorPid: director.pid, engine: 'embedded' });
  expect(state.instances).toMatchObject([{ name: 'VI_1', state: 'MASTER' }]);
  expect(readFileSync(`${director.directory}/state.txt`, 'utf8')).toContain('VI_1');
});

test('USR2 with nobody to take over: it goes on serving and says so', async () => {
  await master();
  director.signal('SIGUSR2');
  await director.line({ event: 'drill.begun' });
  const report = await director.line({ event: 'drill.report' });
  expect(report.msg).toContain('nobody took over VI_1');
  director.signal('SIGUSR2');
  await director.line({ event: 'drill.begun' }, { from: director.lines.indexOf(report) });
});

test('kill -9 of the balancer: another one, and the director serves on', async () => {
  await master();
  const first = director.balancerPid;
  const before = director.lines.length;
  process.kill(first, 'SIGKILL');
  await director.line({ event: 'balancer.lost' }, { from: before });
  await director.line({ event: 'ipvs.engine' }, { from: before });
  expect(director.balancerPid).not.toBe(first);
  director.signal('SIGHUP');
  await director.line({ event: 'config.loaded' }, { from: before });
});

test('kill -9 of the director: the balancer cleans up and ends within a second', async () => {
  await master();
  const { balancerPid } = director;
  director.signal('SIGKILL');
  const started = performance.now();
  await director.line({ event: 'balancer.guardian' }, { limitMs: 1000 });
  while (alive(balancerPid) && performance.now() - started < 1000)
    await new Promise((r) => setTimeout(r, 20));
  expect(alive(balancerPid)).toBe(false);
});
