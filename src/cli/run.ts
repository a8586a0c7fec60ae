// `lvs-director run`: keepalived's flags to what the director is told.
import { closeSync, openSync } from 'node:fs';
import { runDirector } from '../daemon/run.ts';
import { CLONE, setns } from '../linux/libc.ts';
import type { RunFlags } from './run-options.ts';

const DEFAULT_FILES = ['/etc/lvs-director/director.conf'];

/** The exit code. */
export async function run(flags: RunFlags): Promise<number> {
  const files = flags.useFile ?? DEFAULT_FILES;
  if (flags.configTest === true) return testConfig(files, flags);
  for (const [given, option] of notYet(flags)) {
    if (given) process.stderr.write(`lvs-director: ${option} is not supported yet and changes nothing\n`);
  }
  if (flags.umask !== undefined) process.umask(Number.parseInt(flags.umask, 8));
  if (flags.namespace !== undefined) enterNamespace(flags.namespace);
  return runDirector(
    {
      files,
      people: flags.logConsole === true && process.stdout.isTTY,
      keepServices: flags.dontReleaseIpvs ?? false,
      respawn: flags.dontRespawn !== true,
      compat: flags.compat === true,
      configId: flags.configId,
    },
    flags.pid,
  );
}

/** As keepalived -t: its leniency, its exit codes, and the interfaces of this machine. */
async function testConfig(files: readonly string[], flags: RunFlags): Promise<number> {
  const { check } = await import('./check.ts');
  if (flags.namespace !== undefined) enterNamespace(flags.namespace);
  const { configId } = flags;
  const { exitCode, output } = check([files], { json: false, compat: true, configId, here: true });
  process.stderr.write(output);
  return exitCode;
}

function notYet(flags: RunFlags): [boolean, string][] {
  return [[flags.dontReleaseVrrp === true, '-V (keep the addresses when stopping)']];
}

/** Before any thread or child of ours exists: they inherit it. Node's own threads open no sockets. */
function enterNamespace(name: string): void {
  const fd = openSync(`/run/netns/${name}`, 'r');
  setns(fd, CLONE.NEWNET);
  closeSync(fd);
}
