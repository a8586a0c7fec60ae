// A director that comes back knows every session before it is needed: with the kernel's IPVS on both sides,
// and sync { … } between them. keepalived keeps none of them.
import { expect, test } from 'vitest';
import { evidence } from './facts.ts';
import type { Family, Mode } from './guest/addresses.ts';
import type { BulkResult } from './guest/bulk.ts';
import type { ResyncResult, Return } from './guest/resync.ts';
import { bootGuest } from './guest.ts';

const ACTIVE = 20;
const FEW_IDLE = 20;
const MANY_IDLE = 1480;

type Scene = { how: Return; mode: Mode; family: Family; idle: number };
const every = (sessions: number) => ({ open: sessions, survived: sessions, lost: {} });

async function resync({ how, mode, family, idle }: Scene): Promise<ResyncResult> {
  const args = [`how=${how}`, `mode=${mode}`, `family=${family}`, `n=${ACTIVE}`, `idle=${idle}`];
  const report = await bootGuest({ program: 'resync.ts', args });
  if (report.exitCode !== 0) throw new Error(`exit code ${report.exitCode}\n${evidence(report)}`);
  return report.result as ResyncResult;
}

test.each<Scene>([
  { how: 'reboot-backup', mode: 'nat', family: 4, idle: FEW_IDLE },
  { how: 'reboot-backup', mode: 'tun', family: 4, idle: FEW_IDLE },
  { how: 'reboot-backup', mode: 'nat', family: 6, idle: FEW_IDLE },
])('a backup that was rebooted takes over with every session ($mode, IPv$family)', async (scene) => {
  const { sessions } = await resync(scene);
  expect(sessions).toMatchObject({ active: every(ACTIVE), idle: every(scene.idle) });
});

test.each<Scene>([
  // Stopped, its kernel goes on.
  { how: 'failback', mode: 'dr', family: 4, idle: FEW_IDLE },
  { how: 'failback', mode: 'tun', family: 6, idle: FEW_IDLE },
  // Without power: its kernel is empty.
  { how: 'failback-reboot', mode: 'nat', family: 4, idle: MANY_IDLE },
  { how: 'failback-reboot', mode: 'dr', family: 6, idle: FEW_IDLE },
])('a master comes back and keeps what was opened meanwhile ($how, $mode, IPv$family)', async (scene) => {
  const { sessions } = await resync(scene);
  const [active, idle] = [every(ACTIVE), every(scene.idle)];
  expect(sessions).toMatchObject({ active, idle, laterActive: active, laterIdle: idle });
});

test('a large table gets to a rebooted backup whole', async () => {
  const report = await bootGuest({ program: 'bulk.ts', args: ['n=20000'] });
  if (report.exitCode !== 0) throw new Error(`exit code ${report.exitCode}\n${evidence(report)}`);
  const { connections, entries, arrived, falseTakeovers } = report.result as BulkResult;
  // What a full queue drops on the client's way is no connection.
  expect(connections).toBeGreaterThan(15_000);
  expect(entries).toBeGreaterThanOrEqual(connections);
  expect(arrived).toBe(connections);
  expect(falseTakeovers).toBe(0);
});
