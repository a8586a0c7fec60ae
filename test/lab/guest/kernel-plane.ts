// Proves the kernel data plane against real IPVS, with ipvsadm as the witness: runs in the guest, in a
// network namespace of its own. Prints one JSON line {checks: [{name, ok, detail}], measured} and exits with
// 1 when a check fails. The expected lines are written out by hand in ipvsadm's words, so that an error of
// ours cannot hide in a renderer of ours.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Forwarding, Service, Table } from '../../../src/ipvs/model.ts';
import type { CommandFailure } from '../../../src/ipvs/plane.ts';
import { reconcile } from '../../../src/ipvs/reconcile.ts';
import { openKernelPlane } from '../../../src/linux/kernel-plane.ts';
import { CLONE, unshare } from '../../../src/linux/libc.ts';
import { server, service, tableOf } from '../../ipvs/tables.ts';
import { checkFamily } from './kernel-family.ts';
import { checkGroups } from './kernel-groups.ts';
import { checkListing } from './kernel-listing.ts';
import { checkSelectors, checkTunnels } from './kernel-selectors.ts';
import { checkSync } from './kernel-sync.ts';

unshare(CLONE.NEWNET);
// Without a local address the kernel takes no IPv4 address for unicast, and refuses every server with EINVAL.
for (const words of ['link set lo up', 'addr add 10.9.0.1/32 dev lo', 'addr add 10.9.0.2/32 dev lo']) {
  execFileSync('ip', words.split(' '));
}
const opened = await openKernelPlane();
assert(opened, 'this kernel has no IPVS');
const plane = opened;
const checks: { name: string; ok: boolean; detail: string }[] = [];

async function check(name: string, body: () => Promise<unknown>): Promise<void> {
  try {
    const said = await body();
    checks.push({ name, ok: true, detail: typeof said === 'string' ? said : '' });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `\n${error.cause}` : '';
    checks.push({ name, ok: false, detail: `${error}${cause}`.slice(0, 4000) });
  }
  ipvsadm('-C');
}
function ipvsadm(...words: string[]): string {
  return execFileSync('ipvsadm', words, { encoding: 'utf8', maxBuffer: 2 ** 26 });
}
const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
const saved = (): string[] => lines(ipvsadm('-Sn')).toSorted();
const restore = (rules: readonly string[]): Buffer =>
  execFileSync('ipvsadm', ['-R'], { input: `${rules.join('\n')}\n` });

/**
 * Makes the table what is desired and asserts that the kernel then says so itself, and that nothing is left
 * to do.
 */
async function bring(desired: Table, owned: Table = desired): Promise<void> {
  const keys = new Set(owned.keys());
  const failures = await plane.apply(reconcile(desired, await plane.readTable(), keys));
  assert.deepEqual(failures, []);
  const after = await plane.readTable();
  for (const [key, want] of desired) assert.deepEqual(after.get(key), want);
  assert.deepEqual(reconcile(desired, after, keys), []);
}

await check('every scheduler the kernel has', async () => {
  const found = readdirSync(
    `${process.env.LAB_MODULES}/${execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()}`,
    {
      recursive: true,
      encoding: 'utf8',
    },
  );
  const names = found.map((path) => /ip_vs_(\w+)\.ko/.exec(path)?.[1]).filter((name) => name !== undefined);
  const schedulers = names.filter((name) => name !== 'ftp' && name !== 'pe_sip').toSorted();
  assert(schedulers.length >= 13, `only ${schedulers}`);
  const real = [server('10.1.0.21', 80)];
  await bring(
    tableOf(...schedulers.map((scheduler, i) => service('10.0.0.100', 1000 + i, real, { scheduler }))),
  );
  assert.deepEqual(
    saved(),
    schedulers
      .flatMap((name, i) => [
        `-A -t 10.0.0.100:${1000 + i} -s ${name}`,
        `-a -t 10.0.0.100:${1000 + i} -r 10.1.0.21:80 -m -w 1`,
      ])
      .toSorted(),
  );
  return schedulers.join(' ');
});

await check('NAT, DR and TUN; TCP, UDP and SCTP; IPv4 and IPv6', async () => {
  const letters: Record<Forwarding, string> = {
    NAT: '-m -w 1',
    DR: '-g -w 1',
    TUN: '-i -w 1 --tun-type ipip',
  };
  const services: Service[] = [];
  const expected: string[] = [];
  for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
    for (const [virtual, real] of [
      ['10.0.0.100', '10.1.0.21'],
      ['2001:db8::100', '2001:db8:1::21'],
    ] as const) {
      const brackets = (text: string) => (text.includes(':') ? `[${text}]` : text);
      const flag = { TCP: '-t', UDP: '-u', SCTP: '--sctp-service' }[protocol];
      for (const [i, forwarding] of (['NAT', 'DR', 'TUN'] as const).entries()) {
        services.push(service(virtual, 80 + i, [server(real, 80 + i, { forwarding })], { protocol }));
        expected.push(`-A ${flag} ${brackets(virtual)}:${80 + i} -s wlc`);
        const target = `${brackets(real)}:${80 + i}`;
        expected.push(`-a ${flag} ${brackets(virtual)}:${80 + i} -r ${target} ${letters[forwarding]}`);
      }
    }
  }
  await bring(tableOf(...services));
  assert.deepEqual(saved(), expected.toSorted());
});

await check('an IPv6 service with an IPv4 server behind a tunnel', async () => {
  await bring(tableOf(service('2001:db8::100', 80, [server('10.1.0.21', 80, { forwarding: 'TUN' })])));
  assert(saved().includes('-a -t [2001:db8::100]:80 -r 10.1.0.21:80 -i -w 1 --tun-type ipip'));
});

await check('scheduler flags, persistence and one-packet scheduling', async () => {
  const real = [server('10.1.0.21', 80)];
  const real6 = [server('2001:db8::21', 80)];
  await bring(
    tableOf(
      service('10.0.0.100', 80, real, { scheduler: 'sh', schedulerFlags: 0x18 }),
      service('10.0.0.100', 81, real, { scheduler: 'mh', schedulerFlags: 0x10 }),
      service('10.0.0.100', 82, real, { persistenceSeconds: 300, persistencePrefix: 24 }),
      service('10.0.0.100', 0, real, { persistenceSeconds: 45 }),
      service('2001:db8::100', 80, real6, { persistenceSeconds: 90, persistencePrefix: 64 }),
      service('10.0.0.100', 53, real, { protocol: 'UDP', scheduler: 'rr', onePacket: true }),
    ),
  );
  assert.deepEqual(
    saved().filter((line) => line.startsWith('-A')),
    [
      '-A -t 10.0.0.100:0 -s wlc -p 45',
      '-A -t 10.0.0.100:80 -s sh -b sh-fallback,sh-port',
      '-A -t 10.0.0.100:81 -s mh -b mh-port',
      '-A -t 10.0.0.100:82 -s wlc -p 300 -M 255.255.255.0',
      '-A -t [2001:db8::100]:80 -s wlc -p 90 -M 64',
      '-A -u 10.0.0.100:53 -s rr -o',
    ].toSorted(),
  );
});

await check('weights and thresholds', async () => {
  await bring(
    tableOf(
      service('10.0.0.100', 80, [
        server('10.1.0.21', 80, { weight: 0 }),
        server('10.1.0.22', 80, { weight: 65535 }),
        server('10.1.0.23', 80, { weight: 7, upperThreshold: 100, lowerThreshold: 50 }),
      ]),
    ),
  );
  const columns = (...words: string[]) =>
    lines(ipvsadm('-Ln', ...words))
      .filter((line) => line.startsWith('-> 10.'))
      .map((line) => line.split(/ +/).slice(1, 5).join(' '));
  assert.deepEqual(columns(), [
    '10.1.0.21:80 Masq 0 0',
    '10.1.0.22:80 Masq 65535 0',
    '10.1.0.23:80 Masq 7 0',
  ]);
  assert.deepEqual(columns('--thresholds'), [
    '10.1.0.21:80 0 0 0',
    '10.1.0.22:80 0 0 0',
    '10.1.0.23:80 100 50 0',
  ]);
});

await check('edited in place: scheduler, flags, persistence, forwarding, weight, servers', async () => {
  const before = tableOf(
    service('10.0.0.100', 80, [server('10.1.0.21', 80), server('10.1.0.22', 80)]),
    service('10.0.0.100', 81, [server('10.1.0.21', 81)], { persistenceSeconds: 60 }),
  );
  await bring(before);
  const changed = { scheduler: 'mh', schedulerFlags: 0x8, persistenceSeconds: 120 };
  const servers = [server('10.1.0.22', 80, { forwarding: 'DR', weight: 9 }), server('10.1.0.23', 80)];
  await bring(
    tableOf(
      service('10.0.0.100', 80, servers, changed),
      service('10.0.0.100', 81, [server('10.1.0.21', 81)]),
    ),
  );
  assert.deepEqual(
    saved(),
    [
      '-A -t 10.0.0.100:80 -s mh -p 120 -b mh-fallback',
      '-a -t 10.0.0.100:80 -r 10.1.0.22:80 -g -w 9',
      '-a -t 10.0.0.100:80 -r 10.1.0.23:80 -m -w 1',
      '-A -t 10.0.0.100:81 -s wlc',
      '-a -t 10.0.0.100:81 -r 10.1.0.21:81 -m -w 1',
    ].toSorted(),
  );
});

await check('what ipvsadm made is adopted without a single command', async () => {
  restore([
    '-A -t 10.0.0.100:80 -s wrr -p 300',
    '-a -t 10.0.0.100:80 -r 10.1.0.21:80 -g -w 3 -x 9 -y 5',
    '-A -u [2001:db8::100]:53 -s rr',
    '-a -u [2001:db8::100]:53 -r [2001:db8::21]:53 -m -w 1',
  ]);
  const real = server('10.1.0.21', 80, { forwarding: 'DR', weight: 3, upperThreshold: 9, lowerThreshold: 5 });
  const desired = tableOf(
    service('10.0.0.100', 80, [real], { scheduler: 'wrr', persistenceSeconds: 300 }),
    service('2001:db8::100', 53, [server('2001:db8::21', 53)], { protocol: 'UDP', scheduler: 'rr' }),
  );
  assert.deepEqual(reconcile(desired, await plane.readTable(), new Set()), []);
});

await check("somebody else's services stay as they are", async () => {
  const foreign = [
    '-A -t 192.0.2.1:99 -s wlc',
    '-a -t 192.0.2.1:99 -r 192.0.2.2:99 -g -w 3',
    '-A -f 7 -s rr',
    '-a -f 7 -r 10.1.0.9:0 -g -w 1',
    '-A --sctp-service 10.0.0.100:80 -s lc',
    '-a --sctp-service 10.0.0.100:80 -r 10.1.0.21:80 -m -w 1',
  ];
  restore(foreign);
  const ours = tableOf(service('10.0.0.100', 80, [server('10.1.0.21', 80)]));
  await bring(ours);
  const own = ['-A -t 10.0.0.100:80 -s wlc', '-a -t 10.0.0.100:80 -r 10.1.0.21:80 -m -w 1'];
  assert.deepEqual(saved(), [...foreign, ...own].toSorted());
  await bring(tableOf(), ours);
  assert.deepEqual(saved(), foreign.toSorted());
});

await check('refusals come back in order by errno name, and stop nothing', async () => {
  const web = service('10.0.0.100', 80, []);
  const real = server('10.1.0.21', 80);
  const failures = await plane.apply([
    { do: 'setService', service: web },
    { do: 'addService', service: web },
    { do: 'addService', service: web },
    { do: 'addService', service: { ...web, port: 81, scheduler: 'nothing' } },
    { do: 'addServer', service: web, server: real },
    { do: 'addServer', service: web, server: real },
    { do: 'setServer', service: web, server: { ...real, weight: -1 } },
    { do: 'delServer', service: web, key: '', server: { ...real, port: 9 } },
    { do: 'setServer', service: web, server: { ...real, weight: 5 } },
  ]);
  const reasons = failures.map(({ command, reason }: CommandFailure) => `${command.do} ${reason}`);
  assert.deepEqual(reasons, [
    'setService ESRCH',
    'addService EEXIST',
    'addService ENOENT',
    'addServer EEXIST',
    'setServer ERANGE',
    'delServer ENOENT',
  ]);
  assert(saved().includes('-a -t 10.0.0.100:80 -r 10.1.0.21:80 -m -w 5'));
});

await check('counters and connections of real traffic', async () => {
  const real = createServer((socket) => socket.on('data', (data) => socket.write(data)));
  await new Promise<void>((resolve) => real.listen(8080, '10.9.0.2', resolve));
  await bring(tableOf(service('10.9.0.1', 80, [server('10.9.0.2', 8080)])));
  const clients = await Promise.all(Array.from({ length: 3 }, () => echo('10.9.0.1', 80)));
  // The kernel adds up its counters every two seconds.
  const read = async () => (await plane.readCounted()).counters.get('TCP 10.9.0.1:80');
  for (const end = performance.now() + 10_000; (await read())?.connections !== 3n; await sleep(100)) {
    assert(performance.now() < end, 'three connections were made, and not counted');
  }
  const counters = await read();
  const [conns, inPackets, outPackets, inBytes, outBytes] = lines(ipvsadm('-Ln', '--stats', '--exact'))
    .find((line) => line.startsWith('TCP'))!
    .split(/ +/)
    .slice(2)
    .map(BigInt);
  const { servers, rates: _, ...total } = counters!;
  assert.deepEqual(total, { connections: conns, inPackets, outPackets, inBytes, outBytes });
  assert.equal(total.connections, 3n);
  // They change every two seconds, perhaps between one question and the other.
  const rates = async () => Object.values((await read())!.rates!).join(' ');
  for (const end = performance.now() + 10_000; (await rates()) !== ratesOf('TCP'); ) {
    assert(performance.now() < end, `rates are ${await rates()}, not ${ratesOf('TCP')}`);
  }
  const one = servers.get('10.9.0.2:8080')!;
  assert.deepEqual([one.activeConnections, one.connections, one.inBytes], [3, 3n, total.inBytes]);
  assert.equal(await plane.countConnections(), 3);
  // Edited in place, not replaced: the connections and the counters stay.
  await bring(
    tableOf(service('10.9.0.1', 80, [server('10.9.0.2', 8080, { weight: 5 })], { scheduler: 'rr' })),
  );
  const edited = (await read())?.servers.get('10.9.0.2:8080');
  assert.deepEqual([edited?.activeConnections, edited?.connections], [3, 3n]);
  for (const client of clients) client.destroy();
  real.close();
});

/** CPS, InPPS, OutPPS, InBPS, OutBPS. */
function ratesOf(protocol: string): string {
  const line = lines(ipvsadm('-Ln', '--rate', '--exact')).find((one) => one.startsWith(protocol));
  return line!.split(/ +/).slice(2).join(' ');
}
function echo(host: string, port: number) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const client = connect(port, host, () => client.write('hello'));
    client.once('data', () => resolve(client)).once('error', reject);
  });
}

await checkSelectors(check, bring, saved);
await checkTunnels(check, bring, saved);
await checkFamily(check, ipvsadm);
await checkListing(check, ipvsadm);
await checkSync(check, plane, ipvsadm);
// Last: its connections stay in the table for a while.
await checkGroups(check, plane, bring, saved);

/** Not a check: figures for the bench and for people. */
async function measure(count: number): Promise<Record<string, number>> {
  const hosts = Array.from({ length: count }, (_, i) => `${i >> 8}.${i & 255}`);
  const services = hosts.map((host) => {
    const reals = [
      server(`10.200.${host}`, 80, { forwarding: 'DR' }),
      server(`10.210.${host}`, 80, { forwarding: 'DR' }),
    ];
    return service(`10.100.${host}`, 80, reals);
  });
  const desired = tableOf(...services);
  const timed = async (body: () => unknown): Promise<number> => {
    const start = performance.now();
    await body();
    return Math.round(performance.now() - start);
  };
  const commands = reconcile(desired, new Map(), new Set());
  const result: Record<string, number> = { services: count, commands: commands.length };
  result.applyMs = await timed(async () => assert.deepEqual(await plane.apply(commands), []));
  result.readTableMs = await timed(async () => assert.equal((await plane.readTable()).size, count));
  result.countConnectionsMs = await timed(() => plane.countConnections());
  const rules = saved();
  result.removeMs = await timed(async () =>
    plane.apply(reconcile(new Map(), desired, new Set(desired.keys()))),
  );
  result.left = saved().length;
  result.ipvsadmRestoreMs = await timed(() => restore(rules));
  ipvsadm('-C');
  return result;
}
const measured = [await measure(1000), await measure(5000)];
await plane.close();
console.log(JSON.stringify({ checks, measured }));
process.exit(checks.every(({ ok }) => ok) ? 0 : 1);
