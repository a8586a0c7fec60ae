// One file, once run by keepalived and once by us, through the same story: alone, beside a better
// keepalived, after its end, without a link, reloaded, stopped. What the programs were called with and what
// was written to the pipe is the same, byte for byte, chapter by chapter. Within one keepalived keeps no
// order: it starts programs side by side.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { define } from '../../src/linux/libc.ts';
import { makeNamespace, TestDirector } from './director.ts';

const mkfifo = define<(path: string, mode: number) => number>('mkfifo', 'int', ['str', 'uint32_t']);
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-notify-'));
const program = join(directory, 'told');
const log = join(directory, 'told.log');
const pipe = join(directory, 'events');
const namespace = { name: `lvsd-notify-${process.pid}`, remove: () => {} };

const instance = (name: string, vrid: number, more: string) => `
vrrp_instance ${name} {
    state BACKUP
    interface eth0
    virtual_router_id ${vrid}
    priority 150
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.${vrid}/24
    }
    ${more}
}`;
const told = (what: string) => `"${program} ${what} 'two words' \\"$HOME\\" *"`;
const global = `
global_defs {
    script_user root
    notify_fifo ${pipe}
    startup_script ${told('startup')}
    shutdown_script ${told('shutdown')}
}`;
const first = instance(
  'VI_1',
  51,
  `notify_master ${told('master')}
    notify_backup ${told('backup')}
    notify_fault ${told('fault')}
    notify_stop ${told('stop')}
    notify ${told('any')}`,
);
const second = instance('VI_2', 52, `notify_deleted ${told('deleted')}\n    notify ${told('any')}`);
const third = instance('VI_3', 53, `notify ${told('any')}`);
const group = `
vrrp_sync_group G {
    group {
        VI_4
        VI_5
    }
    notify_master ${told('group-master')}
    notify_backup ${told('group-backup')}
    notify_fault ${told('group-fault')}
    notify_stop ${told('group-stop')}
    notify ${told('group-any')}
}${instance('VI_4', 54, '')}${instance('VI_5', 55, '')}`;
const ours = 'director {\n    engine embedded\n}\n';

beforeAll(() => {
  Object.assign(namespace, makeNamespace(namespace.name));
  inFar('ip', 'addr', 'add', '10.77.0.2/24', 'dev', 'eth0');
  writeFileSync(program, `#!/bin/sh\nline=$(printf '<%s>' "$@")\necho "$line" >> ${log}\n`, { mode: 0o755 });
});
afterAll(() => {
  namespace.remove();
  rmSync(directory, { recursive: true, force: true });
});

function inFar(...words: string[]): void {
  execFileSync('ip', ['netns', 'exec', `${namespace.name}-far`, ...words]);
}

function keepalived(where: string, name: string): ChildProcess {
  const files = ['p', 'r', 'c'].flatMap((kind) => [`-${kind}`, join(directory, `${name}.${kind}`)]);
  const words = ['-n', '-l', '-P', '-f', join(directory, `${name}.conf`), ...files];
  return spawn('ip', ['netns', 'exec', where, 'keepalived', ...words], { stdio: 'ignore' });
}

/** What was told so far; `count` programs must have been. */
async function programsTold(count: number): Promise<string[]> {
  for (let tries = 0; tries < 200; tries++) {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    if (lines.length >= count) return lines;
    await wait(50);
  }
  throw new Error(`not ${count} programs:\n${readFileSync(log, 'utf8')}`);
}

type Daemon = { reload: (text: string) => void; stop: () => Promise<unknown> };

/** The story: every line that programs and pipe were told, those of one chapter in alphabetical order. */
async function tell(start: (text: string) => Daemon): Promise<string[]> {
  rmSync(log, { force: true });
  const chapters: string[] = [];
  let known = 0;
  const chapter = async (name: string, count: number) => {
    const lines = await programsTold(known + count);
    await wait(200);
    expect((await programsTold(0)).length, `${name}: ${lines.slice(known).join('\n')}`).toBe(known + count);
    chapters.push(`# ${name}`, ...lines.slice(known).sort(), ...drain().sort());
    known += count;
  };
  // Made before, so that neither takes it away: keepalived makes another one at a reload.
  expect(mkfifo(pipe, 0o600)).toBe(0);
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const drain = () => {
    const bytes = Buffer.alloc(65_536);
    try {
      return bytes.toString('utf8', 0, readSync(reader, bytes)).trimEnd().split('\n');
    } catch {
      return [];
    }
  };
  const daemon = start(global + first + second + third + group);
  await chapter('alone: BACKUP, then MASTER', 13);
  writeFileSync(
    join(directory, 'peer.conf'),
    first.replace('priority 150', 'priority 200').replaceAll(/^ *notify.*$/gm, ''),
  );
  const peer = keepalived(`${namespace.name}-far`, 'peer');
  await chapter('a better one comes', 2);
  process.kill(Number(readFileSync(join(directory, 'peer.p'), 'utf8')));
  await once(peer, 'exit');
  await chapter('and goes', 2);
  inFar('ip', 'link', 'set', 'eth0', 'down');
  await chapter('no link', 6);
  inFar('ip', 'link', 'set', 'eth0', 'up');
  await chapter('a link: BACKUP, then MASTER', 12);
  daemon.reload(global + first + group);
  await chapter('two instances less', 3);
  await daemon.stop();
  await chapter('stop', 5);
  closeSync(reader);
  rmSync(pipe, { force: true });
  return chapters;
}

test('the same words as keepalived, through a failover, a lost link, a reload and a stop', async () => {
  const file = join(directory, 'reference.conf');
  const theirs = await tell((text) => {
    writeFileSync(file, text);
    const child = keepalived(namespace.name, 'reference');
    const pid = () => Number(readFileSync(join(directory, 'reference.p'), 'utf8'));
    return {
      reload(next) {
        writeFileSync(file, next);
        process.kill(pid(), 'SIGHUP');
      },
      stop() {
        process.kill(pid(), 'SIGTERM');
        return once(child, 'exit');
      },
    };
  });
  let director!: TestDirector;
  const own = await tell((text) => {
    director = new TestDirector(namespace.name, ours + text);
    return {
      reload(next) {
        director.write(ours + next);
        director.signal('SIGHUP');
      },
      stop() {
        director.signal('SIGTERM');
        return director.ended;
      },
    };
  }).finally(() => director.remove());
  expect(theirs).toContain('<any><two words><$HOME><*><INSTANCE><VI_2><DELETED><150>');
  expect(own).toEqual(theirs);
});
