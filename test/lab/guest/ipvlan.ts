// use_ipvlan of ours and of the real keepalived, each alone and as a pair: the kernel of most machines that
// tests run on has no ipvlan, the guest's has. Tells what each made; who is right is asked on the host.
import type { ElectorSettings } from '../../../src/vrrp/settings.ts';
import { Pair, pause, type Side, until } from '../../linux/elector-pair.ts';
import { planOf } from '../../linux/routing-tables.ts';
import { Phases } from './phases.ts';

const DEVICE = 'vrrp.51';
const VIPS = '10.1.0.100/24';
const pair = new Pair();
const phases = new Phases();

type Own = { words: string; vips: string; priority: number };
function file({ words, vips, priority }: Own): string {
  const head = `interface v0\nvirtual_router_id 51\npriority ${priority}\nadvert_int 0.1\n${words}`;
  return `vrrp_instance K {\nversion 3\nstate BACKUP\n${head}\nvirtual_ipaddress {\n${vips}\n}\n}\n`;
}
function shown(side: Side): { ifname: string; addr_info: { local?: string; scope?: string }[] }[] {
  return JSON.parse(pair.ip(side, '-d', '-j', 'addr'));
}
/** Everything that iproute2 and /proc/sys know of the interface, and where which address is. */
async function made(side: Side): Promise<object> {
  const files = ['ipv4', 'ipv6'].map((family) => `/proc/sys/net/${family}/conf/${DEVICE}`);
  const sysctls = await pair.output(side, ['grep', '-rs', '', ...files]);
  const device = shown(side).find(({ ifname }) => ifname === DEVICE);
  return { device, places: places(side), sysctls: sysctls.trim().split('\n').toSorted() };
}
function places(side: Side): string[] {
  const all = shown(side).flatMap(({ ifname, addr_info }) =>
    addr_info.map(({ local, scope }) => `${ifname} ${scope} ${local}`),
  );
  return all.filter((line) => line.includes('global')).toSorted();
}
const isThere = (side: Side) => shown(side).some(({ ifname }) => ifname === DEVICE);

/** One process for all: in the guest it takes seconds to start. */
const ours = pair.elector({ ...planOf(file({ words: '', vips: VIPS, priority: 1 })), instances: [] });
await until('our start', () => ours.reports.some(({ type }) => type === 'running'));
function configure(settings: ElectorSettings): void {
  ours.reports.length = 0;
  ours.send({ type: 'configure', settings });
}
async function leave(): Promise<void> {
  configure({ ...planOf(file({ words: '', vips: VIPS, priority: 1 })), instances: [] });
  await until('the end of ours', () => !isThere('a') && !pair.has('a'));
}

const KINDS = {
  ipv4: { words: 'use_ipvlan 10.1.0.7 private', vips: VIPS, priorities: [100, 101] },
  ipv6: { words: 'use_ipvlan vepa', vips: 'fe80::100/64\nfd00::100/64', priorities: [102, 103] },
} as const;
const capture = await pair.capture('proto 112 or ip6 proto 112');
for (const [name, { priorities, ...kind }] of Object.entries(KINDS))
  await phases.run(name, async () => {
    const advertOf = (priority: number) => () => capture.matching(new RegExp(`prio ${priority}`))[1];
    const keepalived = pair.keepalivedWith(file({ ...kind, priority: priorities[0] }));
    await keepalived.says('Entering MASTER STATE');
    const theirAdvert = await until('its advert', advertOf(priorities[0]));
    await pause(300);
    const theirs = await made('b');
    keepalived.stop();
    await until('its end', () => !isThere('b'));
    configure(planOf(file({ ...kind, priority: priorities[1] })));
    await ours.is('MASTER');
    const advert = await until('our advert', advertOf(priorities[1]));
    await pause(300);
    const mine = await made('a');
    await leave();
    return { theirs, theirAdvert, mine, advert };
  });

const PAIRS = {
  multicast: ['use_ipvlan 10.1.0.7/24', 'use_ipvlan 10.1.0.8/24'],
  unicast: [
    'use_ipvlan 10.1.0.7/24\nunicast_peer {\n10.1.0.8\n}',
    'use_ipvlan 10.1.0.8/24\nunicast_peer {\n10.1.0.7\n}',
  ],
} as const;
for (const [name, [mine, theirs]] of Object.entries(PAIRS))
  await phases.run(name, async () => {
    const keepalived = pair.keepalivedWith(file({ words: theirs, vips: VIPS, priority: 100 }));
    await keepalived.says('Entering MASTER STATE');
    keepalived.forget();
    configure(planOf(file({ words: mine, vips: VIPS, priority: 150 })));
    await ours.is('MASTER');
    await keepalived.says('Entering BACKUP STATE');
    keepalived.forget();
    await pause(1000);
    const together = { ours: [...ours.states], theirs: keepalived.log.filter((line) => /STATE/.test(line)) };
    ours.send({ type: 'drill', holdMs: 60_000 });
    await keepalived.says('Entering MASTER STATE');
    await ours.is('BACKUP');
    await pause(1000);
    const drilled = ours.states.at(-1);
    keepalived.stop();
    await ours.is('MASTER');
    // Else the next one takes the interface of this one for its own, and loses it.
    await until('its end', () => !isThere('b'));
    await leave();
    return { together, drilled };
  });

await phases.run('leftovers', async () => {
  configure(planOf(file({ words: 'use_ipvlan 10.1.0.7/24', vips: VIPS, priority: 150 })));
  await ours.is('MASTER');
  ours.kill();
  await until('its end', () => ours.exitCode !== undefined);
  const killed = places('a');
  const other = planOf(file({ words: 'use_ipvlan 10.1.0.9/24 vepa', vips: VIPS, priority: 150 }));
  const next = pair.elector(other);
  await next.is('MASTER');
  const takenOver = places('a');
  next.kill();
  await until('its end', () => next.exitCode !== undefined);
  pair.guardian(other, ['K']);
  return { killed, takenOver, left: isThere('a') };
});

await pair.remove();
phases.finish();
