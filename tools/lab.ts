// By hand: runs a command as root of a guest kernel that has IPVS. `node tools/lab.ts -- ipvsadm -Ln`; or
// one program of the lab with its arguments: `node tools/lab.ts takeover.ts mode=dr`. Ends with the exit
// code of what it ran.
import { bootGuest } from '../test/lab/guest.ts';

const [first, ...rest] = process.argv.slice(2);
if (first === undefined)
  throw new Error('node tools/lab.ts -- COMMAND…   or   node tools/lab.ts PROGRAM.ts ARGUMENT…');
const { exitCode } = await bootGuest({
  program: first === '--' ? 'command.ts' : first,
  args: rest,
  env: Object.fromEntries(Object.entries(process.env).filter(isForGuest)),
  onOutput: (text) => process.stdout.write(text),
});
process.exitCode = exitCode;

function isForGuest(variable: [string, string | undefined]): variable is [string, string] {
  return variable[0].startsWith('LAB_') && variable[1] !== undefined;
}
