// The language of the stories: what its lines do to a simulated world. See stories.test.ts.
import { address } from '../../src/core/address.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import type { InstanceSettings, WeightedInterface } from '../../src/vrrp/settings.ts';
import { INSIDE, LINK, type Spec, VIP, type World } from '../sim/world.ts';

const VIP6 = address('fd00::50');
const IPV6_GROUP = address('ff02::12');

/** `VI_2` of a sync group is on the other side. */
const SECOND: Partial<InstanceSettings> = {
  name: 'VI_2',
  interface: INSIDE,
  vrid: 52,
  vips: [{ address: address('10.1.0.1'), prefixLength: 24, interface: INSIDE, scope: 0 }],
};

export function specOf([name, priority, ...options]: string[], index: number): Spec {
  let own: Partial<InstanceSettings> = { priority: Number(priority) };
  let spec: Spec = { name: name!, address: address(`10.0.0.${11 + index}`), own };
  for (let word = options.shift(); word !== undefined; word = options.shift()) {
    if (word === 'keepalived') spec = { ...spec, keepalived: 'plain' };
    else if (word === 'preempt_wait') spec = { ...spec, preemptWaitMs: Number(options.shift()) * 1000 };
    else if (word === 'sync_group') spec = { ...spec, groups: [{ name: 'VG_1', members: ['VI_1', 'VI_2'] }] };
    else if (word === 'monotonic') own = { ...own, hmac: { ...own.hmac!, antiReplay: 'monotonic' } };
    else own = { ...own, ...option(word, options) };
  }
  if (spec.groups) spec = { ...spec, more: [{ ...SECOND, priority: own.priority! }] };
  return { ...spec, own };
}

function option(word: string, rest: string[]): Partial<InstanceSettings> {
  switch (word) {
    case 'nopreempt':
      return { preempt: false };
    case 'advert':
      return { advertMs: Number(rest.shift()) * 1000 };
    case 'preempt_delay':
      return { preemptDelayMs: Number(rest.shift()) * 1000 };
    case 'password':
      return { version: 2, password: rest.shift()! };
    case 'key':
      return { hmac: { ...SIGNED, ...keysOf([rest.shift()!]) } };
    case 'ipv6':
      return {
        multicastGroup: IPV6_GROUP,
        vips: [{ address: VIP6, prefixLength: 128, interface: LINK, scope: 0 }],
      };
    case 'track_eth1':
      return { trackInterfaces: [INSIDE] };
    case 'eth1_weight': {
      const weight = Number(rest.shift());
      const while_: WeightedInterface['while'] = weight < 0 ? 'down' : 'up';
      return { weightedInterfaces: [{ interface: INSIDE, weight, while: while_ }] };
    }
    case 'script_weight':
      return { tracks: [{ ...SCRIPT, weight: Number(rest.shift()), reverse: false }] };
    default:
      throw new Error(`a director cannot be "${word}"`);
  }
}
const SCRIPT = { kind: 'script', name: 'chk' } as const;

const SIGNED = { mode: 'enforce', antiReplay: 'time', windowSeconds: 5 } as const;
/** `WORD` or `WORD#ID`; the first one signs. */
function keysOf(words: readonly string[]): Pick<HmacSettings, 'keys' | 'activeKey'> {
  const keys = words.map((word) => {
    const [text = '', id = '1'] = word.split('#');
    return { id: Number(id), secret: Buffer.from(text.padEnd(32, '.')).toString('hex') };
  });
  return { keys, activeKey: keys[0]!.id };
}
function sign(world: World, name: string, changed: Partial<HmacSettings>): void {
  const { hmac } = world.node(name).settings.instances[0]!;
  world.reconfigure(name, { hmac: { ...SIGNED, ...keysOf(['ours']), ...hmac, ...changed } });
}

export function perform(world: World, [verb = '', name = '', argument = '', ...rest]: string[]): void {
  switch (verb) {
    case 'start':
    case 'crash':
    case 'pause':
    case 'resume':
      return world[verb](name);
    case 'stop':
      return world.command(name, { type: 'stop' });
    case 'drill':
      return world.command(name, { type: 'drill', holdMs: milliseconds(argument) });
    case 'link':
      return world.link(name, argument === 'up');
    case 'eth1':
      return world.link(name, argument === 'up', INSIDE);
    case 'script':
      return world.command(name, { type: 'tracker', tracker: SCRIPT, verdict: verdictOf(argument) });
    case 'knows':
    case 'forgets':
      return world.learn(name, verb === 'knows');
    case 'priority':
      return world.reconfigure(name, { priority: Number(argument) });
    case 'reload':
      return world.reconfigure(name, {});
    case 'keys':
      return sign(world, name, keysOf([argument, ...rest]));
    case 'mode':
      return sign(world, name, { mode: argument as HmacSettings['mode'] });
    case 'clock':
      return world.clock(name, milliseconds(argument) * (rest[0] === 'behind' ? -1 : 1));
    case 'remove':
      return world.configure(name, { ...world.node(name).settings, instances: [] });
    case 'put_back':
      return world.configure(name, world.node(name).settings);
    case 'take':
      return world.takeAddress(name, VIP);
    case 'cut':
      for (const device of [LINK, INSIDE]) {
        world.cut(name, argument, device);
        world.cut(argument, name, device);
      }
      return;
    case 'join':
      world.heal();
      if (rest[0] === 'deaf') world.cut(name === rest[1] ? argument : name, rest[1]!);
      return;
    case 'wait':
      return world.run(milliseconds(name));
    case 'service':
      world.trace.push(serviceOf(world));
      return world.resetMeters();
    default:
      throw new Error(`a story cannot "${verb}"`);
  }
}

function verdictOf(word: string): 'up' | 'down' {
  return word === 'succeeds' ? 'up' : 'down';
}

function milliseconds(text: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`not a time: ${text}`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

/** Each virtual address has a line of its own. */
function serviceOf(world: World): string {
  const outage = world.longestOutageMs.toFixed(1);
  const vips = new Set(
    world.nodes.flatMap(({ settings }) => settings.instances.map(({ vips: [vip] }) => vip!.address)),
  );
  return [...vips]
    .map((vip, index) => {
      const holders = world.holders(vip).join(' and ') || 'nobody';
      const asked = world.asked(vip)?.spec.name ?? 'nobody';
      const longest = index === 0 ? `; longest outage ${outage} ms` : '';
      return `the address${index === 0 ? '' : ` ${vip}`}: on ${holders}; the client asks ${asked}${longest}`;
    })
    .join('\n');
}
