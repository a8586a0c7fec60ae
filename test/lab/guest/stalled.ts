// What a guest says of its own standing still: in one phase it is idle, and its machine may stop it; in the
// other it has more to do than it can.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertInGuest } from './network.ts';
import { Phases } from './phases.ts';

assertInGuest();
const phases = new Phases();
await phases.run('stopped', async () => {
  await sleep(500);
  console.error('idle');
  await sleep(3000);
  return {};
});
await phases.run('busy', async () => {
  const spin =
    'for (let until = Date.now() + 2000; Date.now() < until;) require("fs").statSync("/etc/passwd");';
  for (let n = 0; n < 2; n++) spawnSync(process.execPath, ['-e', spin]);
  return {};
});
phases.finish();
