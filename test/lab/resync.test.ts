// A director that comes back knows every session before it is needed: with the kernel's IPVS on both sides,
// and sync { … } between them. keepalived keeps none of them.
import { expect, test } from 'vitest';
import { evidence } from './facts.ts';
import type { Family, Mode } from './guest/addresses.ts';
import type { ResyncResult, Return } from './guest/resync.ts';
import { bootGuest } from './guest.ts';

const SESSIONS = 20;
const EVERY = { open: SESSIONS, survived: SESSIONS, lost: {} };

type Scene = { how: Return; mode: Mode; family: Family };

async function resync({ how, mode, family }: Scene): Promise<ResyncResult> {
  const args = [`how=${how}`, `mode=${mode}`, `family=${family}`, `n=${SESSIONS}`];
  const report = await bootGuest({ program: 'resync.ts', args });
  if (report.exitCode !== 0) throw new Error(`exit code ${report.exitCode}\n${evidence(report)}`);
  return report.result as ResyncResult;
}

test.each<Scene>([
  { how: 'reboot-backup', mode: 'nat', family: 4 },
  { how: 'reboot-backup', mode: 'tun', family: 4 },
  { how: 'reboot-backup', mode: 'nat', family: 6 },
])('a backup that was rebooted takes over with every session ($mode, IPv$family)', async (scene) => {
  const { sessions } = await resync(scene);
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY });
});

test.each<Scene>([
  // Stopped, its kernel goes on.
  { how: 'failback', mode: 'dr', family: 4 },
  { how: 'failback', mode: 'tun', family: 6 },
  // Without power: its kernel is empty.
  { how: 'failback-reboot', mode: 'nat', family: 4 },
  { how: 'failback-reboot', mode: 'dr', family: 6 },
])('a master comes back and keeps what was opened meanwhile ($how, $mode, IPv$family)', async (scene) => {
  const { sessions } = await resync(scene);
  expect(sessions).toMatchObject({ active: EVERY, idle: EVERY, laterActive: EVERY, laterIdle: EVERY });
});
