// `lvs-director demo`: the whole product on one machine. This part finds out whether the machine
// lets us make private namespaces, starts the demo inside them and waits for it. What happens there
// is in demo/play.ts.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Mode } from './demo/layout.ts';
import type { Orders } from './demo/play.ts';

export type DemoOptions = {
  once: boolean;
  mode: Mode;
  engine: 'auto' | 'kernel' | 'embedded';
  /** Folder for the directors' logs and the report as JSON. */
  keepLogs?: string;
  /** Folder with a.conf and b.conf for the same network; default: examples/nat or examples/dr. */
  configs?: string;
};

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const PLAY = fileURLToPath(new URL('./demo/play-main.ts', import.meta.url));
const FAILED = 1;
const DENIED = 4;
const LEAVE_TIMEOUT_MS = 5_000;
/** Where administrators' tools are, which ordinary users often do not have in their PATH. */
const PATH = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
/**
 * A process namespace makes cleaning up certain: when its first process ends, the kernel ends all
 * others.
 */
const PRIVATE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const AS_USER = ['--user', '--map-root-user'];

function isInstalled(command: string): boolean {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(`${folder}/${command}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type Namespaces = { flags: string[] } | { denied: string };

/** Root needs no user namespace, and in some containers has no right to anything else. */
function findNamespaces(isRoot: boolean): Namespaces {
  let denied = '';
  for (const flags of isRoot ? [PRIVATE, [...AS_USER, ...PRIVATE]] : [[...AS_USER, ...PRIVATE]]) {
    const tried = spawnSync('unshare', [...flags, 'true'], {
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    if (tried.status === 0) return { flags };
    denied ||= (tried.error?.message ?? tried.stderr).trim();
  }
  return { denied };
}

/** Kernel settings that keep ordinary users from making namespaces, and the value that lets them. */
const GATES = [
  { setting: 'kernel.unprivileged_userns_clone', closed: '0', open: '1' },
  { setting: 'kernel.apparmor_restrict_unprivileged_userns', closed: '1', open: '0' },
  { setting: 'user.max_user_namespaces', closed: '0', open: '15000' },
] as const;

function howToAllow(isRoot: boolean): string {
  if (isRoot) return 'in a container? start it with --privileged';
  for (const { setting, closed, open } of GATES) {
    const file = `/proc/sys/${setting.replaceAll('.', '/')}`;
    if (existsSync(file) && readFileSync(file, 'utf8').trim() === closed) {
      return `run \`sudo sysctl -w ${setting}=${open}\`, or run the demo as root`;
    }
  }
  return 'run the demo as root: `sudo npm start`';
}

function complain(message: string, hint: string): void {
  process.stderr.write(`lvs-director demo: ${message}\n  ${hint}\n`);
}

function orders(options: DemoOptions): Orders {
  const folder = resolve(options.configs ?? `${EXAMPLES}/${options.mode}`);
  const { once, mode, engine, keepLogs } = options;
  return { once, mode, engine, folder, ...(keepLogs === undefined ? {} : { logs: resolve(keepLogs) }) };
}

function play(flags: readonly string[], given: Orders): Promise<number> {
  const words = [...flags, process.execPath, PLAY, JSON.stringify(given)];
  const stdio = ['inherit', 'inherit', 'inherit', 'pipe'] as const;
  const child = spawn('unshare', words, { stdio: [...stdio], env: { ...process.env, PATH } });
  // The play ends when its end of this pipe closes: also when we are killed without a word.
  const lifeline = child.stdio[3] as Writable;
  lifeline.on('error', () => {}); // it ended first
  const leave = (): void => {
    lifeline.destroy();
    setTimeout(() => child.kill('SIGKILL'), LEAVE_TIMEOUT_MS).unref();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, leave);
  return new Promise((done) => {
    const finish = (code: number): void => {
      for (const signal of signals) process.off(signal, leave);
      done(code);
    };
    child.on('error', (error) => {
      complain(error.message, 'the `unshare` of util-linux is needed');
      finish(FAILED);
    });
    child.on('close', (code) => finish(code ?? FAILED));
  });
}

/** The exit code: 0 when no session was lost. */
export async function demo(options: DemoOptions): Promise<number> {
  const isRoot = process.geteuid?.() === 0;
  if (!isInstalled('ip')) {
    complain('the command `ip` is missing', `run \`${isRoot ? '' : 'sudo '}apt-get install iproute2\``);
    return FAILED;
  }
  const namespaces = findNamespaces(isRoot);
  if ('denied' in namespaces) {
    complain(`cannot make private namespaces: ${namespaces.denied}`, howToAllow(isRoot));
    return DENIED;
  }
  return play(namespaces.flags, orders(options));
}
