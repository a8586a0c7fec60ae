// What `use_vmac` and `use_ipvlan` take: properties of the interface to be made, in any order. Which word is
// which shows in how it is written.
import { type Prefix, parseAddress } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import type { Word } from '../tree.ts';
import { named } from './routing-words.ts';
import { INT_MAX, interfaceName, located, prefix, type Shape } from './shape.ts';

const groupShape = located(named(INT_MAX));
/** Of five bytes the virtual_router_id is the sixth. */
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){4,5}$/i;
/** Of the first byte: for more than one station. */
const MULTICAST = 1;

/** `group`: a number, or a name of it. */
type Device = { name?: string; group?: Located<string> };
/** Takes a word that only this kind of interface has; false when it is none, undefined when it is wrong. */
type TakeOwn<D> = (word: Word, given: Arguments, device: D) => boolean | undefined;

export const virtualMac = virtualDevice<Device & { mac?: string }>('[MAC] [netlink_notify_msg]', {
  example: 'vrrp.51',
  take(word, given, device) {
    if (word.text === 'netlink_notify_msg') return given.optional() !== undefined;
    if (!MAC.test(word.text)) return false;
    given.optional();
    if (Number.parseInt(word.text.slice(0, 2), 16) & MULTICAST)
      return given.wrong(word, `takes the MAC address of one station, and ${word.text} is for many`);
    device.mac = word.text.toLowerCase();
    return true;
  },
});

const MODES = ['bridge', 'private', 'vepa'] as const;
/** Whether interfaces on one base reach each other: themselves, not at all, by a switch that sends back. */
export type IpvlanMode = (typeof MODES)[number];
type Ipvlan = Device & { address?: Prefix; mode?: IpvlanMode };

export const ipvlan = virtualDevice<Ipvlan>('[IPADDR[/LENGTH]] [bridge|private|vepa]', {
  example: '10.0.0.7/24',
  take(word, given, device) {
    const mode = MODES.find((each) => each === word.text);
    if (mode !== undefined) {
      given.optional();
      if (device.mode !== undefined)
        return given.wrong(word, `is ${device.mode} already, and "${mode}" is another mode`);
      device.mode = mode;
      return true;
    }
    if (parseAddress(word.text.split('/')[0]!) === undefined) return false;
    const address = prefix.read(given);
    if (address === undefined) return undefined;
    if (device.address !== undefined)
      return given.wrong(word, `has an address already, and ${address.address} is another`);
    device.address = address;
    return true;
  },
});

function virtualDevice<D extends Device>(
  syntax: string,
  own: { example: string; take: TakeOwn<D> },
): Shape<D> {
  return {
    syntax: `[[name] NAME] ${syntax} [group NAME|NUMBER]`,
    line: true,
    isBareAllowed: true,
    example: own.example,
    read(given) {
      const device = {} as D;
      for (let word = given.peek(); word !== undefined; word = given.peek()) {
        const isTaken = own.take(word, given, device);
        if (isTaken === undefined) return undefined;
        if (!isTaken && !takeShared(word, given, device)) return undefined;
      }
      return device;
    },
  };
}

/** Undefined when it is wrong. */
function takeShared(word: Word, given: Arguments, device: Device): true | undefined {
  if (word.text === 'group') {
    given.optional();
    const group = groupShape.read(given);
    if (group === undefined) return undefined;
    device.group = group;
    return true;
  }
  if (word.text === 'name') given.optional();
  const name = interfaceName.read(given);
  if (name === undefined) return undefined;
  if (device.name !== undefined) return given.wrong(word, `has a name already, and "${name}" is another`);
  device.name = name;
  return true;
}
