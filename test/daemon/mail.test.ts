// One file, once run by keepalived and once by us, with a real mail relay: started, without a link, with
// one, stopped. The relay gets the same mails.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ip, makeNamespace, TestDirector } from './director.ts';
import type { Taken } from './relay.ts';

const RELAY = fileURLToPath(new URL('relay.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-mail-'));
const namespace = { name: `lvsd-mail-${process.pid}`, remove: () => {} };
const taken: Taken[] = [];
let relay: ChildProcess;

const instance = (name: string, vrid: number) => `
vrrp_instance ${name} {
    state BACKUP
    interface eth0
    virtual_router_id ${vrid}
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.${vrid}/24
    }
}`;
const text = `
global_defs {
    router_id LVS_A
    vrrp_version 3
    notification_email {
        ops@example.net
        night@example.net
    }
    notification_email_from director@example.net
    smtp_server 127.0.0.1 2525
    smtp_helo_name a.example.net
    smtp_alert
}
vrrp_sync_group G {
    group {
        VI_2
        VI_3
    }
}${instance('VI_1', 51)}${instance('VI_2', 52)}${instance('VI_3', 53)}
`;

beforeAll(async () => {
  Object.assign(namespace, makeNamespace(namespace.name));
  relay = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, RELAY], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  const ready = new Promise<void>((resolve) =>
    relay.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines)
        if (line === 'ready') resolve();
        else taken.push(JSON.parse(line));
    }),
  );
  await ready;
});
afterAll(() => {
  relay.kill();
  namespace.remove();
  rmSync(directory, { recursive: true });
});

/** Those of one chapter in alphabetical order: keepalived sends them side by side. */
async function chapter(count: number): Promise<string[]> {
  const limitMs = performance.now() + 10_000;
  while (taken.length < count && performance.now() < limitMs) await wait(20);
  await wait(300);
  const mails = taken.splice(0).map(({ mail, ...envelope }) => {
    const [head, body] = mail.split(/\r\n\r\n(.*)/s);
    const fields = head!.split('\r\n').filter((line) => /^(From|To|Subject):/.test(line));
    return JSON.stringify({ ...envelope, fields: fields.sort(), body: body!.trimEnd() });
  });
  expect(mails.length, mails.join('\n')).toBe(count);
  return mails.sort();
}

async function story(stop: () => void): Promise<string[][]> {
  const started = await chapter(8);
  ip('-n', `${namespace.name}-far`, 'link', 'set', 'eth0', 'down');
  const lost = await chapter(4);
  ip('-n', `${namespace.name}-far`, 'link', 'set', 'eth0', 'up');
  const back = await chapter(8);
  stop();
  return [started, lost, back, await chapter(0)];
}

test('the same mails as keepalived, through a start, a lost link and a stop', async () => {
  const file = join(directory, 'keepalived.conf');
  writeFileSync(file, text);
  const pids = ['p', 'r', 'c'].flatMap((kind) => [`-${kind}`, join(directory, kind)]);
  const command = ['keepalived', '-n', '-l', '-P', '-f', file, ...pids];
  const keepalived = spawn('ip', ['netns', 'exec', namespace.name, ...command], { stdio: 'ignore' });
  const ended = once(keepalived, 'exit');
  const theirs = await story(() => keepalived.kill());
  await ended;
  const director = new TestDirector(namespace.name, `director {\nengine embedded\n}\n${text}`);
  const ours = await story(() => director.signal('SIGTERM')).finally(() => director.remove());
  expect(theirs.flat()).toHaveLength(20);
  expect(ours).toEqual(theirs);
});
