// use_ipvlan beside the real keepalived, on a kernel that has ipvlan: the same interface with the same
// settings, the same addresses in the same places, and a pair that understands each other.
import { beforeAll, describe, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { bootGuest, type GuestReport } from './guest.ts';

type Device = {
  linkinfo: object;
  addr_info: { local: string; prefixlen: number; scope: string }[];
  flags: string[];
};
type Made = { device: Device; places: string[]; sysctls: string[] };
type Alone = { theirs: Made; mine: Made; theirAdvert: string; advert: string };

let report: GuestReport;
beforeAll(async () => {
  report = await bootGuest({ program: 'ipvlan.ts' });
});

/** Of an interface what does not say which of two it is. */
function properties({ device }: Made): object {
  const { linkinfo, flags, addr_info } = device;
  const addresses = addr_info.filter(({ scope }) => scope === 'global');
  return { linkinfo, flags, addresses };
}
const source = (advert: string) => /(\S+) > (224\.0\.0\.18|ff02::12)/.exec(advert)?.[1];

describe.each([['ipv4'], ['ipv6']])('%s', (phase) => {
  test('the interface and its addresses are what keepalived makes, virtual ones stay on the base', () => {
    const { theirs, mine } = factsOf<Alone>(report, phase);
    expect(properties(mine)).toEqual(properties(theirs));
    const base = (places: string[]) => places.map((line) => line.replace('10.1.0.2', '10.1.0.1')).toSorted();
    expect(mine.places).toEqual(base(theirs.places));
    expect(mine.sysctls).toEqual(theirs.sysctls);
  });
  test('adverts come from its address', () => {
    const { theirAdvert, mine, advert } = factsOf<Alone>(report, phase);
    const own = mine.device.addr_info.map(({ local }) => local);
    expect(own).toContain(source(advert));
    if (phase !== 'ipv6') expect(source(advert)).toBe(source(theirAdvert));
  });
});

test.each(['multicast', 'unicast'])('a pair with keepalived, %s', (phase) => {
  type Facts = { together: { ours: string[]; theirs: string[] }; drilled: string };
  const { together, drilled } = factsOf<Facts>(report, phase);
  expect(together).toEqual({ ours: ['BACKUP', 'MASTER'], theirs: [] });
  expect(drilled).toBe('BACKUP');
});

test('what a dead director left is made anew with other properties, or removed by the guardian', () => {
  type Facts = { killed: string[]; takenOver: string[]; left: boolean };
  const { killed, takenOver, left } = factsOf<Facts>(report, 'leftovers');
  expect(killed).toContain('vrrp.51 global 10.1.0.7');
  expect(takenOver).toContain('vrrp.51 global 10.1.0.9');
  expect(takenOver).not.toContain('vrrp.51 global 10.1.0.7');
  expect(left).toBe(false);
});
