// A reload touches nothing that is the same in the old and the new file: what the log says was sent, and what
// `diff` said before would be.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const configuration = (
  directory: string,
  { servers = ['10.77.0.21', '10.77.0.22'], scheduler = 'rr', priority = 150 } = {},
) => `
director {
    engine embedded
    runtime_directory ${directory}
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.50/24
    }
}
virtual_server 10.77.0.50 80 {
    lb_algo ${scheduler}
    lb_kind DR
    protocol TCP
${servers.map((server) => `    real_server ${server} 80 {\n        weight 1\n    }\n`).join('')}}
virtual_server 10.77.0.50 443 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 10.77.0.21 443 {
        weight 1
    }
}
`;
const THREE = ['10.77.0.21', '10.77.0.22', '10.77.0.23'];
const namespace = { name: `lvsd-diff-${process.pid}`, remove: () => {} };
let director: TestDirector;

beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
afterAll(() => namespace.remove());
afterEach(() => director.remove());

/** Started, MASTER because nobody else is there, and its plan written. */
async function master(runtimeDirectory?: string): Promise<void> {
  director = new TestDirector(namespace.name, '');
  director.write(configuration(runtimeDirectory ?? director.directory));
  await director.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' });
}
const planFile = () => `${director.directory}/plan.json`;
const planText = () => (existsSync(planFile()) ? readFileSync(planFile(), 'utf8') : '');

function diff(): { exitCode: number; output: string } {
  try {
    return { exitCode: 0, output: execFileSync(BIN, ['diff', director.file], { encoding: 'utf8' }) };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { exitCode: status, output: stdout };
  }
}

/** Resolves with the events that the reload caused, when it is in force or refused. */
async function reload(end: 'config.loaded' | 'config.rejected' = 'config.loaded') {
  const from = director.lines.length;
  director.signal('SIGHUP');
  await director.line({ event: end }, { from });
  // What a reload does, it does before it says so, or at the next advert.
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The recording of the start is written when there is time for it.
  return director.lines.slice(from).filter(({ event }) => event !== end && event !== 'recording.written');
}

test('an unchanged file: diff says nothing changes, and a reload touches nothing', async () => {
  await master();
  await expect.poll(planText).not.toBe('');
  expect(lstatSync(planFile()).mode & 0o777).toBe(0o600);
  expect(JSON.parse(planText())).toMatchObject({ directorPid: director.pid });
  expect(diff()).toEqual({
    exitCode: 0,
    output: 'nothing changes; 1 instance, 2 services and 3 servers untouched\n',
  });
  expect((await reload()).map(({ event }) => event)).toEqual(['config.unchanged']);
});

test('one server more: diff says so, exactly one command is sent, and diff is at rest again', async () => {
  await master();
  await expect.poll(planText).not.toBe('');
  director.write(configuration(director.directory, { servers: THREE }));
  expect(diff()).toEqual({
    exitCode: 1,
    output: `  virtual_server TCP 10.77.0.50:80
    + real_server 10.77.0.23:80: DR, weight 1
1 added; 1 instance, 1 service and 3 servers untouched
`,
  });
  const events = await reload();
  expect(events.map(({ event, commands }) => [event, commands])).toEqual([['ipvs.applied', 1]]);
  await expect.poll(() => diff().exitCode).toBe(0);
  director.write(configuration(director.directory, { servers: THREE, scheduler: 'wlc' }));
  expect((await reload()).map(({ event, commands }) => [event, commands])).toEqual([['ipvs.applied', 1]]);
});

test('another priority: the elector is told, the data plane is not', async () => {
  await master();
  director.write(configuration(director.directory, { priority: 151 }));
  await expect.poll(() => diff().output).toContain('priority 150 → 151');
  const events = (await reload()).map(({ event }) => event);
  expect(events).toContain('vrrp.priority');
  expect(events).not.toContain('ipvs.applied');
  expect(events).not.toContain('vrrp.state');
});

test('another engine: a reload does not change it, and diff goes on asking for a restart', async () => {
  await master();
  await expect.poll(planText).not.toBe('');
  director.write(configuration(director.directory).replace('engine embedded', 'engine auto'));
  expect((await reload()).map(({ event }) => event)).toEqual(['config.unchanged']);
  const { exitCode, output } = diff();
  expect(exitCode).toBe(1);
  expect(output).toContain('engine embedded → auto (the engine changes with a restart only)');
});

test('a broken file: diff says 4, a reload changes nothing, the old plan stays', async () => {
  await master();
  await expect.poll(planText).not.toBe('');
  const before = planText();
  director.write(configuration(director.directory, { scheduler: 'roundrobin' }));
  const { exitCode, output } = diff();
  expect(exitCode).toBe(4);
  expect(output).toContain('roundrobin');
  expect(output).toContain('keeps what it has');
  expect(await reload('config.rejected')).toEqual([]);
  expect(planText()).toBe(before);
  director.write(configuration(director.directory));
  expect(diff().exitCode).toBe(0);
});

/** Each balancer has its own. */
const withoutSalt = (text: string) => text.replace(/"salt":"[0-9a-f]{32}"/, '');

test('another balancer writes the plan anew; a planned stop takes it away', async () => {
  await master();
  await expect.poll(planText).not.toBe('');
  const from = director.lines.length;
  // What is edited when a balancer dies is no reload: the plan in force is still the accepted one.
  const accepted = withoutSalt(planText());
  director.write(configuration(director.directory, { servers: THREE }));
  rmSync(planFile());
  process.kill(director.balancerPid, 'SIGKILL');
  await director.line({ event: 'config.loaded' }, { from });
  await expect.poll(() => withoutSalt(planText())).toBe(accepted);
  expect(diff().exitCode).toBe(1);
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  expect(existsSync(planFile())).toBe(false);
  expect(diff().exitCode).toBe(2);
});

test('a directory that cannot be written is said once, and stops nothing', async () => {
  await master('/proc/nowhere');
  await director.line({ event: 'plan.failed' });
  expect((await reload()).map(({ event }) => event)).toEqual(['config.unchanged']);
  const { exitCode, output } = diff();
  expect(exitCode).toBe(2);
  expect(output).toContain('/proc/nowhere/plan.json');
});
