// Runs one command in the guest: `node tools/lab.ts -- ipvsadm -Ln`. Its exit code is the guest's.
import { spawnSync } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error('command.ts COMMAND [ARGUMENT…]');
const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
