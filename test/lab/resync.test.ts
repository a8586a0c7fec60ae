// A director that comes back knows every session before it is needed: with the kernel's IPVS on both sides,
// and sync { … } between them. keepalived keeps none of them.
import { expect, test } from 'vitest';
import { evidence } from './facts.ts';
import type { ResyncResult, Return } from './guest/resync.ts';
import { bootGuest } from './guest.ts';

const SESSIONS = 20;
const EVERY = { open: SESSIONS, survived: SESSIONS, lost: {} };

async function resync(how: Return, mode: 'nat' | 'dr' | 'tun'): Promise<ResyncResult> {
  const args = [`how=${how}`, `mode=${mode}`, `n=${SESSIONS}`];
  const report = await bootGuest({ program: 'resync.ts', args });
  if (report.exitCode !== 0) throw new Error(`exit code ${report.exitCode}\n${evidence(report)}`);
  return report.result as ResyncResult;
}

test('a backup that was rebooted takes over with every session', async () => {
  const { sessions } = await resync('reboot-backup', 'nat');
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY });
});

test('the same through tunnels', async () => {
  const { sessions } = await resync('reboot-backup', 'tun');
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY });
});

test('a master that was stopped comes back and keeps what was opened meanwhile', async () => {
  const { sessions } = await resync('failback', 'dr');
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY, laterActive: EVERY, laterIdle: EVERY });
});

test('a master that lost power comes back with an empty kernel, and keeps all the same', async () => {
  const { sessions } = await resync('failback-reboot', 'nat');
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY, laterActive: EVERY, laterIdle: EVERY });
});
