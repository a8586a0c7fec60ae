// Part of kernel-plane.ts: the kernel's sync threads, started and stopped by reconcile, as ipvsadm sees them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { address } from '../../../src/core/address.ts';
import type { SyncDaemon } from '../../../src/ipvs/model.ts';
import { reconcileSync } from '../../../src/ipvs/reconcile.ts';
import type { KernelPlane } from '../../../src/linux/kernel-plane.ts';

type Check = (name: string, body: () => Promise<unknown>) => Promise<void>;

const MASTER: SyncDaemon = { role: 'master', interface: 'sync0', id: 51 };
const BACKUP: SyncDaemon = { role: 'backup', interface: 'sync0', id: 52 };
const line = (role: string, id: number, rest: string) =>
  `${role} sync daemon (mcast=sync0, syncid=${id}, ${rest})`;

type Bench = {
  check: Check;
  plane: KernelPlane;
  /** What ipvsadm prints. */
  seen: () => string[];
  /** Makes the threads what is wanted, and asserts that then nothing is left to do. */
  bring: (...wanted: SyncDaemon[]) => Promise<string[]>;
};

export async function checkSync(
  check: Check,
  plane: KernelPlane,
  ipvsadm: (...words: string[]) => string,
): Promise<void> {
  for (const words of ['link add sync0 type dummy', 'link set sync0 up', 'addr add 10.5.0.1/24 dev sync0']) {
    execFileSync('ip', words.split(' '));
  }
  const seen = (): string[] => ipvsadm('-L', '--daemon').split('\n').filter(Boolean).toSorted();
  const bring = async (...wanted: SyncDaemon[]): Promise<string[]> => {
    const commands = reconcileSync(wanted, await plane.readSync());
    assert.deepEqual(await plane.apply(commands), []);
    assert.deepEqual(reconcileSync(wanted, await plane.readSync()), []);
    return commands.map((command) => command.do);
  };
  await checkSettings({ check, plane, seen, bring });
  await checkLife({ check, plane, seen, bring });
}

async function checkSettings({ check, plane, seen, bring }: Bench): Promise<void> {
  await check('sync: master and backup with the defaults of the kernel', async () => {
    assert.deepEqual(await bring(MASTER, BACKUP), ['startSync', 'startSync']);
    assert.deepEqual(seen(), [
      line('backup', 52, 'maxlen=1472, group=224.0.0.81, port=8848, ttl=1'),
      line('master', 51, 'maxlen=1472, group=224.0.0.81, port=8848, ttl=1'),
    ]);
  });

  await check('sync: every option, changed by a stop and a start', async () => {
    const options = { maxlen: 1400, port: 8850, ttl: 3, group: address('224.0.0.82') };
    const changed = await bring({ ...MASTER, ...options }, { ...BACKUP, ...options });
    assert.deepEqual(changed, ['stopSync', 'startSync', 'stopSync', 'startSync']);
    assert.deepEqual(seen(), [
      line('backup', 52, 'maxlen=1400, group=224.0.0.82, port=8850, ttl=3'),
      line('master', 51, 'maxlen=1400, group=224.0.0.82, port=8850, ttl=3'),
    ]);
    const known = await plane.readSync();
    assert.deepEqual(
      new Set(known),
      new Set([
        { ...MASTER, ...options },
        { ...BACKUP, ...options },
      ]),
    );
  });

  await check('sync: sizes that the kernel rounds do not make it start again and again', async () => {
    await bring({ ...BACKUP, maxlen: 500 });
    await bring({ ...BACKUP, maxlen: 65535 });
    assert.deepEqual(await bring({ ...BACKUP, maxlen: 65535 }), []);
    assert.match(seen().join(), /maxlen=65507/);
  });

  await check('sync: an IPv6 group', async () => {
    await bring({ ...MASTER, group: address('ff02::88'), maxlen: 65535 });
    assert.match(seen().join(), /master sync daemon.*maxlen=65487.*ff02::88/);
  });
}

async function checkLife({ check, plane, seen, bring }: Bench): Promise<void> {
  await check('sync: a change of role, then none', async () => {
    await bring(MASTER);
    assert.deepEqual(await bring({ ...MASTER, role: 'backup' }), ['startSync', 'stopSync']);
    assert.deepEqual(seen(), [line('backup', 51, 'maxlen=1472, group=224.0.0.81, port=8848, ttl=1')]);
    assert.deepEqual(await bring(), ['stopSync']);
    assert.deepEqual(seen(), []);
    const failures = await plane.apply([{ do: 'stopSync', daemon: MASTER }]);
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['ESRCH'],
    );
  });

  await check('sync: a thread on an interface that is not there', async () => {
    const failures = await plane.apply([{ do: 'startSync', daemon: { ...MASTER, interface: 'nothing' } }]);
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['ENODEV'],
    );
  });
}
