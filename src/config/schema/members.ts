// Members of a virtual_server_group, entry by entry: addresses, ranges, networks and firewall marks.
import { integer, oneOf, prefix, type Shape, UINT_MAX } from './shape.ts';

const port = integer(0, 65_535);
const mark = integer(1, UINT_MAX);
const family = oneOf(['inet', 'inet6']);
/** `10.0.0.1-20`, `10.0.0.1-10.0.0.20`, `fd00::1-ff`. */
const RANGE = /^([0-9a-f.:]+)-([0-9a-f.:]+)$/i;

/** `IPADDR[/LENGTH] [PORT]`, `IPADDR-END [PORT]`, `fwmark N [inet|inet6]`. */
export const groupMember: Shape<unknown> = {
  syntax: 'IPADDR[/LENGTH] [PORT] | IPADDR-END [PORT] | fwmark NUMBER [inet|inet6]',
  line: true,
  example: '10.0.0.1-20 80',
  read(given) {
    const word = given.peek();
    if (word?.text === 'fwmark') {
      given.optional();
      const value = mark.read(given);
      if (value === undefined || given.peek() === undefined) return value && { fwmark: value };
      const of = family.read(given);
      return of === undefined ? undefined : { fwmark: value, family: of };
    }
    const range = word === undefined ? null : RANGE.exec(word.text);
    const addresses = range === null ? prefix.read(given) : given.optional()!.text;
    if (addresses === undefined) return void given.rest();
    if (given.peek() === undefined) return { addresses };
    given.subject = 'port';
    const value = port.read(given);
    return value === undefined ? undefined : { addresses, port: value };
  },
};
