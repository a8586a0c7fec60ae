// Boots a User-Mode-Linux kernel that has IPVS and runs one program of test/lab/guest in it, as that
// kernel's root. The guest is an ordinary process tree: no privileges, no disk image, no preparation beyond
// Debian's packages. It sees the host's root read-only; only its own OUT directory and the compile cache
// are writable. Knows nothing about directors.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type GuestOptions = {
  /** A TypeScript file in test/lab/guest. */
  program: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  timeoutMs?: number;
  memoryMegabytes?: number;
  /** Buckets of IPVS's connection table, a power of two; its own 12 unless given. */
  connectionTableBits?: number;
  /** Told what the program prints, as it prints it. */
  onOutput?: (text: string) => void;
};
export type GuestReport = {
  exitCode: number;
  /** The last line of the output that is JSON. */
  result: unknown;
  /** Everything the program printed, both streams. */
  log: string;
  /** What it left in LAB_OUT (the directors' logs and configurations), by file name. */
  files: Readonly<Record<string, string>>;
};

const REPOSITORY = join(import.meta.dirname, '../..');
const PROGRAMS = join(import.meta.dirname, 'guest');
const NODE = join(REPOSITORY, 'node_modules/.bin/node');
const COMPILE_CACHE = join(REPOSITORY, '.cache/compile');
const MODULES = '/usr/lib/uml/modules';
const SEARCH_PATH = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`;
const DEFAULTS = { timeoutMs: 300_000, memoryMegabytes: 1024 };
const OWN_FILES = ['init.sh', 'job.sh', 'ip_vs.options', 'output.log', 'console.log', 'rc'];
const PACKAGES: Readonly<Record<string, string>> = {
  'linux.uml': 'user-mode-linux',
  modprobe: 'kmod',
  ip: 'iproute2',
  ipvsadm: 'ipvsadm',
  keepalived: 'keepalived',
};

/** A guest that cannot run is a failure, never a skip. */
export function assertLabCanRun(): void {
  const missing = Object.keys(PACKAGES).filter((command) => !isCommand(command));
  const packages = missing.map((command) => PACKAGES[command]);
  if (!existsSync(NODE)) packages.push('node_modules/.bin/node (npm ci)');
  if (packages.length === 0) return;
  throw new Error(
    `the lab cannot run, missing: ${packages.join(', ')}. ` +
      'Run `npm run test:lab` as root, it installs them.',
  );
}

export async function bootGuest(options: GuestOptions): Promise<GuestReport> {
  assertLabCanRun();
  const { timeoutMs = DEFAULTS.timeoutMs, memoryMegabytes = DEFAULTS.memoryMegabytes } = options;
  const out = mkdtempSync(join(tmpdir(), 'lvs-lab-'));
  mkdirSync(COMPILE_CACHE, { recursive: true });
  prepareOut(out, options, timeoutMs);
  const kernel = startKernel(out, memoryMegabytes);
  const kill = () => killGroup(kernel);
  process.once('exit', kill);
  try {
    const ended = await waitForEnd(kernel, out, timeoutMs, options.onOutput);
    const log = readText(join(out, 'output.log'));
    if (ended !== 'finished') {
      const console = readText(join(out, 'console.log')).split('\n').slice(-20).join('\n');
      throw new Error(
        `guest ${options.program}: ${ended}\n--- output\n${tail(log)}\n--- console\n${console}`,
      );
    }
    const exitCode = Number(readText(join(out, 'rc')));
    return { exitCode, result: lastJson(log), log, files: readFiles(out) };
  } finally {
    kill();
    process.removeListener('exit', kill);
    keepLogs(out, options);
    rmSync(out, { recursive: true, force: true, maxRetries: 5 });
  }
}

function prepareOut(out: string, options: GuestOptions, timeoutMs: number): void {
  // The path of the kernel's command line must not have blanks, so what it names lies in `out`.
  copyFileSync(join(PROGRAMS, 'init.sh'), join(out, 'init.sh'));
  writeFileSync(join(out, 'ip_vs.options'), `conn_tab_bits=${options.connectionTableBits ?? 12}\n`);
  mkdirSync(join(out, 'lib'));
  // Where `modprobe -d OUT` looks; the package brings modules.dep.
  symlinkSync(MODULES, join(out, 'lib/modules'));
  const command = [realpathSync(NODE), join(PROGRAMS, options.program), ...(options.args ?? [])];
  const variables = {
    ...options.env,
    LAB_OUT: out,
    LAB_MODULES: MODULES,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  };
  const job = [
    `mount -t hostfs -o ${quote(COMPILE_CACHE)} none ${quote(COMPILE_CACHE)}`,
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`),
    // The client and the servers of a scenario are one process, with thousands of sessions.
    'ulimit -n 65536',
    `cd ${quote(REPOSITORY)}`,
    `exec timeout -s KILL ${Math.ceil(timeoutMs / 1000)} ${command.map(quote).join(' ')}`,
  ];
  writeFileSync(join(out, 'job.sh'), `${job.join('\n')}\n`);
  writeFileSync(join(out, 'output.log'), '');
}

function startKernel(out: string, memoryMegabytes: number): ChildProcess {
  const console = openSync(join(out, 'console.log'), 'w');
  const args = [
    `mem=${memoryMegabytes}M`,
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    `init=${join(out, 'init.sh')}`,
    `LAB_OUT=${out}`,
    `uml_dir=${join(out, 'uml')}`,
    'con=null',
    'con0=fd:0,fd:1',
    'quiet',
    'noreboot',
  ];
  return spawn('linux.uml', args, {
    env: { PATH: SEARCH_PATH, TMPDIR: memoryDirectory(memoryMegabytes) },
    stdio: ['ignore', console, console],
    detached: true, // leader of its own process group: every thread and stub of the kernel is in it
  });
}

/**
 * The guest's memory is a file; on a tmpfs it is fast, but a container's /dev/shm may be too small for it.
 */
function memoryDirectory(megabytes: number): string {
  if (!existsSync('/dev/shm')) return tmpdir();
  const { bavail, bsize } = statfsSync('/dev/shm');
  return bavail * bsize >= megabytes * 2 ** 20 ? '/dev/shm' : tmpdir();
}

async function waitForEnd(
  kernel: ChildProcess,
  out: string,
  timeoutMs: number,
  onOutput: GuestOptions['onOutput'],
): Promise<'finished' | `timeout after ${number} ms` | `the kernel died: ${string}`> {
  let death: string | undefined;
  kernel.once('error', (error) => (death = error.message));
  kernel.once('exit', (code, signal) => (death = signal ?? `exit code ${code}`));
  const deadline = performance.now() + timeoutMs;
  let shown = 0;
  for (;;) {
    const finished = existsSync(join(out, 'rc'));
    if (onOutput !== undefined) {
      const log = readText(join(out, 'output.log'));
      if (log.length > shown) onOutput(log.slice(shown));
      shown = log.length;
    }
    if (finished) return 'finished';
    if (death !== undefined) return `the kernel died: ${death}`;
    if (performance.now() > deadline) return `timeout after ${timeoutMs} ms`;
    await sleep(50);
  }
}

function killGroup(kernel: ChildProcess): void {
  if (kernel.pid === undefined) return;
  try {
    process.kill(-kernel.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** LAB_KEEP=FILE: the logs of every guest are appended there, for the person who looks for a cause. */
function keepLogs(out: string, { program, args = [] }: GuestOptions): void {
  const keep = process.env.LAB_KEEP;
  if (keep === undefined) return;
  const texts = { 'output.log': readText(join(out, 'output.log')), ...readFiles(out) };
  for (const [name, text] of Object.entries(texts))
    appendFileSync(keep, `=== ${program} ${args.join(' ')}: ${name}\n${text}\n`);
}

function readFiles(out: string): Record<string, string> {
  const names = readdirSync(out, { withFileTypes: true }).filter((entry) => entry.isFile());
  const files = names.filter((entry) => !OWN_FILES.includes(entry.name));
  return Object.fromEntries(files.map(({ name }) => [name, readText(join(out, name))]));
}

function lastJson(log: string): unknown {
  for (const line of log.split('\n').reverse()) {
    if (!line.startsWith('{') && !line.startsWith('[')) continue;
    try {
      return JSON.parse(line);
    } catch {
      // Another program's line that only looks like JSON.
    }
  }
  return undefined;
}

function isCommand(name: string): boolean {
  return SEARCH_PATH.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function tail(text: string): string {
  return text.split('\n').slice(-40).join('\n');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
