// What keepalived and lvs-director tell of the same virtual servers while their real servers go and come:
// scripts, the pipe, and the table after each step. Runs in the guest; prints one JSON line {steps: [{step,
// keepalived, ours}]}, each side {pipe, scripts, table}, sorted.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE, unshare } from '../../../src/linux/libc.ts';

const PIPE = '/run/services.fifo';
const TOLD = '/run/told.log';
const TELL = '/run/tell';
const FILE = '/run/services.conf';
const LVS_DIRECTOR = join(import.meta.dirname, '../../../bin/lvs-director');
const QUIET_MS = 2_500;
const LONGEST_MS = 60_000;

type Side = { pipe: string[]; scripts: string[]; table: string[] };

const REALS = [1, 2, 3] as const;
const real = (host: number, more = ''): string => `  real_server 10.9.0.${host} 80 {
    weight 1
    notify_up "${TELL} rs${host} up"
    notify_down "${TELL} rs${host} down"
    ${more}
    TCP_CHECK {
      connect_timeout 1
    }
  }
`;
const TIMES =
  'lvs_sched rr\n  lvs_method NAT\n  protocol TCP\n  delay_loop 1\n  retry 1\n  delay_before_retry 1';
/** `without`: a real server that a reload took away. */
function file(without?: number): string {
  const reals = REALS.filter((host) => host !== without);
  return `global_defs {
  enable_script_security
  script_user root
  lvs_notify_fifo ${PIPE}
  lvs_timeouts tcp 61 udp 63
}
virtual_server_group g {
  10.8.0.3-4 80
  fwmark 7
}
virtual_server 10.8.0.1 80 {
  ${TIMES}
  quorum 2
  omega
  quorum_up "${TELL} web up 'a b'"
  quorum_down "${TELL} web down"
  sorry_server 10.9.0.9 80
  sorry_server_inhibit
${reals.map((host) => real(host)).join('')}}
virtual_server 10.8.0.2 80 {
  ${TIMES}
  alpha
  quorum_up "${TELL} dead up"
  quorum_down "${TELL} dead down"
${real(8)}}
virtual_server group g {
  ${TIMES}
  inhibit_on_failure
  quorum_up "${TELL} group up"
  quorum_down "${TELL} group down"
${real(1, 'alpha')}}
`;
}

const listeners = new Map<number, Server>();
async function serve(host: number): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  server.listen(80, `10.9.0.${host}`);
  await once(server, 'listening');
  listeners.set(host, server);
}
function leave(host: number): void {
  listeners.get(host)?.close();
  listeners.delete(host);
}

const saved = (): string[] =>
  execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .toSorted();

class Witness {
  readonly #fd = openSync(PIPE, constants.O_RDWR | constants.O_NONBLOCK);
  #pipe = '';
  #seen = { pipe: 0, scripts: 0 };

  /** Since the last time, once nothing has happened for a while. */
  async settled(): Promise<Side> {
    let [before, quietMs] = ['', 0];
    const begun = performance.now();
    while (quietMs < QUIET_MS && performance.now() - begun < LONGEST_MS) {
      await sleep(250);
      const now = JSON.stringify([this.#read(), this.#scripts(), saved()]);
      quietMs = now === before ? quietMs + 250 : 0;
      before = now;
    }
    const [pipe, scripts] = [this.#read(), this.#scripts()];
    const side = {
      pipe: pipe.slice(this.#seen.pipe).toSorted(),
      scripts: scripts.slice(this.#seen.scripts).toSorted(),
      table: saved(),
    };
    this.#seen = { pipe: pipe.length, scripts: scripts.length };
    return side;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(): string[] {
    const bytes = Buffer.alloc(65_536);
    try {
      for (let size = 1; size > 0; ) {
        size = readSync(this.#fd, bytes);
        // keepalived writes a zero byte behind each line.
        this.#pipe += bytes.toString('latin1', 0, size).replaceAll('\0', '');
      }
    } catch {
      // Empty for now.
    }
    return this.#pipe.split('\n').filter(Boolean);
  }

  #scripts(): string[] {
    return readFileSync(TOLD, 'utf8').split('\n').filter(Boolean);
  }
}

async function play(command: readonly string[]): Promise<[string, Side][]> {
  writeFileSync(TOLD, '');
  writeFileSync(FILE, file());
  for (const host of REALS) await serve(host);
  const witness = new Witness();
  const log = openSync(`${process.env.LAB_OUT}/${command[0]!.split('/').at(-1)}.log`, 'a');
  const daemon = spawn(command[0]!, command.slice(1), { stdio: ['ignore', log, log] });
  const steps: [string, Side][] = [];
  const step = async (name: string, act: () => unknown) => {
    await act();
    steps.push([name, await witness.settled()]);
  };
  // The first things may take a while.
  while (saved().length === 0) await sleep(250);
  await step('start', () => {});
  await step('one server dies', () => leave(1));
  await step('another one dies: the quorum is lost', () => leave(2));
  await step('one is back', () => serve(1));
  await step('all are back', () => serve(2));
  await step('a reload takes one away', () => {
    writeFileSync(FILE, file(3));
    daemon.kill('SIGHUP');
  });
  await step('the end', async () => {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
  });
  const timeouts = execFileSync('ipvsadm', ['-L', '--timeout'], { encoding: 'utf8' }).trim();
  steps.at(-1)![1].table.push(timeouts);
  for (const host of listeners.keys()) leave(host);
  execFileSync('ipvsadm', ['-C']);
  witness.close();
  return steps;
}

unshare(CLONE.NEWNET);
const addresses = [1, 2, 3, 8].map((host) => `addr add 10.9.0.${host}/32 dev lo`);
for (const words of ['link set lo up', ...addresses]) execFileSync('ip', words.split(' '));
execFileSync('mkfifo', [PIPE]);
writeFileSync(TELL, `#!/bin/sh\necho "$#: $*" >>${TOLD}\n`);
chmodSync(TELL, 0o755);
appendFileSync(TOLD, '');
const keepalived = await play([
  'keepalived',
  '-n',
  '-l',
  '-C',
  '-f',
  FILE,
  '-p',
  '/run/a.pid',
  '-c',
  '/run/b.pid',
]);
const ours = await play([LVS_DIRECTOR, 'run', '-n', '-l', '-f', FILE, '-p', '/run/c.pid']);
const steps = keepalived.map(([step, theirs], i) => ({ step, keepalived: theirs, ours: ours[i]![1] }));
console.log(JSON.stringify({ steps }));
process.exit(0);
