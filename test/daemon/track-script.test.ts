// Tracked scripts in a real director: FAULT and back, weights, time limits, a reload, the death of the
// balancer, and nothing left at the end. How keepalived counts is in test/director/script-verdict.test.ts.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const directory = mkdtempSync(join(tmpdir(), 'lvs-director-track-'));
const answer = join(directory, 'answer');
const script = join(directory, 'check');
const namespace = { name: `lvsd-track-${process.pid}`, remove: () => {} };
let director: TestDirector;

beforeAll(() => {
  Object.assign(namespace, makeNamespace(namespace.name));
  writeFileSync(script, `#!/bin/sh\n. ${answer}\n`, { mode: 0o755 });
});
afterAll(() => {
  namespace.remove();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => director.remove());

const configuration = (limits: string, tracked = 'chk', program = script) => `
director {
    engine embedded
}
vrrp_script chk {
    script "${program} ${directory}"
    interval 0.1
    ${limits}
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.50/24
    }
    track_script {
        ${tracked}
    }
}
`;

function answers(text: string): void {
  writeFileSync(answer, `${text}\n`);
}
async function start(first: string, ...words: Parameters<typeof configuration>): Promise<void> {
  answers(first);
  director = new TestDirector(namespace.name, configuration(...words));
  await director.line({ event: 'director.ready' });
}
const now = () => ({ from: director.lines.length });
const says = (msg: string, options = {}) => director.line({ msg }, options);
/** Processes of the script, found by the argument that only it has. */
function running(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${script}\0${directory}`);
    } catch {
      return false;
    }
  });
}

test('good: elected without a FAULT before; bad: FAULT; good again: elected again', async () => {
  await start('exit 0', 'rise 2\n    fall 3');
  await says('VRRP_Script(chk) succeeded');
  await says('(VI_1) Entering MASTER STATE');
  expect(director.lines.filter(({ to }) => to === 'FAULT')).toEqual([]);
  const from = now();
  answers('echo gone fishing; exit 3');
  await says('Script `chk` now returning 3', from);
  const failed = await says('VRRP_Script(chk) failed (exited with status 3)', from);
  expect(failed.output).toBe('gone fishing');
  await director.line({ event: 'vrrp.state', to: 'FAULT' }, from);
  answers('exit 0');
  await says('(VI_1) Entering MASTER STATE', from);
});

test('with a weight it changes the priority only', async () => {
  await start('exit 0', 'weight -20');
  await says('(VI_1) Entering MASTER STATE');
  answers('kill -9 $$');
  await says('VRRP_Script(chk) failed (due to signal 9)');
  await says('(VI_1) Changing effective priority from 150 to 130');
  expect(director.lines.filter(({ to }) => to === 'FAULT')).toEqual([]);
});

test('a run that takes too long is ended and was bad, and nothing of it is left', async () => {
  await start('exit 0', 'timeout 0.2');
  await says('(VI_1) Entering MASTER STATE');
  answers('sleep 100; exit 0');
  await says('VRRP_Script(chk) timed_out');
  await director.line({ event: 'vrrp.state', to: 'FAULT' });
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  expect(running()).toEqual([]);
});

test('a reload and the death of the balancer change no verdict', async () => {
  await start('exit 0', 'fall 2');
  await says('(VI_1) Entering MASTER STATE');
  const from = now();
  director.write(configuration('fall 4', 'chk weight 10'));
  director.signal('SIGHUP');
  await says('(VI_1) Changing effective priority from 150 to 160', from);
  process.kill(director.balancerPid, 'SIGKILL');
  await director.line({ event: 'config.loaded' }, { from: director.lines.length });
  await wait(300);
  // The embedded engine dies with the balancer, and for that the elector offers its role: not for the script.
  const changes = director.lines
    .slice(from.from)
    .filter(({ event, to }) => event === 'vrrp.priority' || to === 'FAULT');
  expect(changes.map(({ msg }) => msg)).toEqual(['(VI_1) Changing effective priority from 150 to 160']);
});

test('a script that root would run and others can change is tracked by nobody, and not run', async () => {
  const open = join(directory, 'open');
  writeFileSync(open, `#!/bin/sh\ntouch ${directory}/ran\n`);
  chmodSync(open, 0o777);
  await start('exit 0', '', 'chk', open);
  expect((await director.line({ event: 'tracker.failed' })).msg).toContain('everybody can write to');
  await says('(VI_1) Entering MASTER STATE');
  expect(readdirSync(directory)).not.toContain('ran');
});
