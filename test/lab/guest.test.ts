// The lab's own promises: a guest has IPVS, cannot touch the machine, reports its exit code, and one that
// hangs or dies is a loud failure that leaves nothing behind.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { stalledMs } from './facts.ts';
import { bootGuest } from './guest.ts';

const command = (script: string) => ({ program: 'command.ts', args: ['sh', '-c', script] });

test('a guest has IPVS and every scheduler, and reports the exit code of its program', async () => {
  const schedulers = 'rr wrr lc wlc fo ovf lblc lblcr dh sh sed nq mh'.split(' ');
  const add = schedulers.map((name, i) => `ipvsadm -A -t 192.0.2.1:${i + 1} -s ${name}`).join(' && ');
  const { exitCode, log } = await bootGuest(command(`${add} && ipvsadm -Sn; exit 7`));
  expect(exitCode).toBe(7);
  expect([...log.matchAll(/-s (\w+)$/gm)].map(([, name]) => name).toSorted()).toEqual(schedulers.toSorted());
});

test('the machine is read-only to it, its output directory is not', async () => {
  const { log, files } = await bootGuest(command('touch /etc/lab || echo refused; echo kept >$LAB_OUT/note'));
  expect(log).toContain('refused');
  expect(files).toEqual({ note: 'kept\n' });
});

test('one that hangs is killed with all its processes, and says what it was at', async () => {
  const booting = bootGuest({ ...command('echo here; sleep 1000'), timeoutMs: 15_000 });
  await expect(booting).rejects.toThrow(/timeout after 15000 ms\n--- output\n(?:.*\n)*here/);
});

test('one that dies is reported with the end of its console', async () => {
  const booting = bootGuest({ ...command('true'), memoryMegabytes: 8 });
  await expect(booting).rejects.toThrow(/the kernel died: (?:.|\n)*--- console\n(?:.|\n)*\S/);
});

test('nothing is left in the temporary directory', async () => {
  const { log } = await bootGuest(command('echo "out=$LAB_OUT"'));
  const [, out] = /^out=(.+)$/m.exec(log) ?? [];
  expect(out).toMatch(/lvs-lab-/);
  expect(existsSync(out!)).toBe(false);
});

test('a guest knows when its machine let it stand still; its own work is no such thing', async () => {
  let stopping: Promise<void> | undefined;
  const report = await bootGuest({
    program: 'stalled.ts',
    onOutput: (text) => {
      if (text.includes('idle')) stopping ??= stopFor(700);
    },
  });
  await stopping;
  expect(stalledMs(report, 'stopped')).toBeGreaterThan(600);
  expect(stalledMs(report, 'stopped')).toBeLessThan(3000);
  expect(stalledMs(report, 'busy')).toBeLessThan(600);
});

/** The kernel of the guest: what runs in it stands still, too. */
async function stopFor(ms: number): Promise<void> {
  const children = readdirSync('/proc/self/task').flatMap(
    (thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').match(/\d+/g) ?? [],
  );
  const guest = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('linux'));
  process.kill(Number(guest), 'SIGSTOP');
  await sleep(ms);
  process.kill(Number(guest), 'SIGCONT');
}
