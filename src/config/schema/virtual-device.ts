// What `use_vmac` and `use_ipvlan` take: properties of the interface to be made, in any order.
import { INT_MAX, integer, interfaceName, type Shape } from './shape.ts';

/** Of five bytes the virtual_router_id is the sixth. */
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){4,5}$/i;
const ADDRESS = /^[0-9a-f.:]+\/\d+$|^\d+(\.\d+){3}$|:/i;
/** Of the first byte: for more than one station. */
const MULTICAST = 1;

type Device = { name?: string; mac?: string; group?: number };

/** A MAC address, a name, and options: which is which shows in how it is written. */
export function virtualDevice(extra: readonly string[], hasAddress = false): Shape<Device> {
  return {
    syntax: `[[name] NAME] [MAC] ${extra.map((word) => `[${word}]`).join(' ')} [group NUMBER]`,
    line: true,
    isBareAllowed: true,
    example: 'vrrp.51',
    read(given) {
      const device: Device = {};
      for (let word = given.peek(); word !== undefined; word = given.peek()) {
        if (word.text === 'group') {
          given.optional();
          const group = integer(0, INT_MAX).read(given);
          if (group === undefined) return undefined;
          device.group = group;
        } else if (MAC.test(word.text)) {
          given.optional();
          if (Number.parseInt(word.text.slice(0, 2), 16) & MULTICAST)
            return given.wrong(word, `takes the MAC address of one station, and ${word.text} is for many`);
          device.mac = word.text.toLowerCase();
        } else if (extra.includes(word.text) || (hasAddress && ADDRESS.test(word.text))) given.optional();
        else {
          if (word.text === 'name') given.optional();
          const name = interfaceName.read(given);
          if (name === undefined) return undefined;
          if (device.name !== undefined)
            return given.wrong(word, `has a name already, and "${name}" is another`);
          device.name = name;
        }
      }
      return device;
    },
  };
}
