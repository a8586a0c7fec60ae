// Neighbour discovery of the engine: whom it answers and how, what it announces, what it learns and asks,
// and what it does not believe.
import { describe, expect, test } from 'vitest';
import { address } from '../../../src/core/address.ts';
import { neighbourAdvertisement } from '../../../src/vrrp/neighbour.ts';
import { CLIENT_MAC, frame, look, mac, VNET } from './frames.ts';
import { OWN_MAC, SERVER_MAC } from './world.ts';
import {
  CLIENT6,
  head6,
  INNER_VIP6,
  IP,
  icmp6Frame,
  icmp6sIn,
  lookIcmp6,
  OWN6,
  SERVER6,
  server6,
  solicitation,
  TO_VIP6,
  VIP6,
  VIRTUAL_MAC6,
  World6,
} from './world6.ts';

const SYN = 0x02;
const toVip = { ...TO_VIP6, flags: SYN } as const;
const world = () => new World6([[head6(), [server6(21)]]]).own();
/** Router, solicited, override. */
const FLAGS = { answer: 0xe0000000, announcement: 0xa0000000 };

function advertisement(of: string, ofMac: string): Buffer {
  const bytes = neighbourAdvertisement(address(of), mac(ofMac), false);
  return Buffer.concat([Buffer.alloc(VNET), bytes]);
}

describe('answers', () => {
  test('whoever asks for an owned address, with the virtual router’s MAC, nobody else', () => {
    const of = world();
    const [answer, ...more] = of.receive('outer', solicitation(VIP6, CLIENT_MAC, CLIENT6));
    expect(more).toEqual([]);
    expect(lookIcmp6(answer!)).toMatchObject({
      on: 'outer',
      destinationMac: CLIENT_MAC,
      sourceMac: VIRTUAL_MAC6,
      from: VIP6,
      to: CLIENT6,
      hopLimit: 255,
      type: 136,
      rest: FLAGS.answer,
      isRight: true,
    });
    const { body } = lookIcmp6(answer!)!;
    expect(body.toString('hex')).toBe('20010db8000000000000000000000100' + '0201' + '00005e000233');
    expect(of.receive('outer', solicitation(OWN6.outer, CLIENT_MAC, CLIENT6))).toEqual([]);
    expect(of.receive('outer', solicitation(INNER_VIP6, CLIENT_MAC, CLIENT6))).toEqual([]);
  });

  test('who asks whether the address is taken: everybody is told', () => {
    const bytes = solicitation(VIP6, CLIENT_MAC, '::');
    expect(icmp6sIn(world().receive('outer', bytes))).toMatchObject([
      { to: 'ff02::1', destinationMac: '33:33:00:00:00:01', rest: FLAGS.announcement, isRight: true },
    ]);
  });

  test('nobody, when the address was handed over; what still comes is forwarded', () => {
    const of = world().meet(CLIENT6, SERVER6);
    of.own(true);
    expect(of.receive('outer', solicitation(VIP6, CLIENT_MAC, CLIENT6))).toEqual([]);
    expect(of.pass('outer', toVip)).toMatchObject({ on: 'inner' });
  });

  test('nothing that came over a router, or was damaged on the way', () => {
    const of = world();
    const far = solicitation(VIP6, CLIENT_MAC, CLIENT6);
    far[IP + 7] = 254;
    const damaged = solicitation(VIP6, CLIENT_MAC, CLIENT6);
    damaged[damaged.length - 1]! ^= 1;
    expect([of.receive('outer', far), of.receive('outer', damaged)]).toEqual([[], []]);
    expect(of.engine.drops.read()).toEqual({ 'not-for-us': 1, 'bad-checksum': 1 });
  });
});

test('announces an address when it becomes ours, three times, and reminds of it each minute', () => {
  const of = new World6([]);
  of.engine.own([{ address: address(VIP6), prefixLength: 128, interface: 'outer', vrid: 0x33 }]);
  const announced = icmp6sIn([...of.taken(), ...of.wait(10_000)]);
  expect(announced).toHaveLength(3);
  expect(announced[0]).toMatchObject({
    sourceMac: VIRTUAL_MAC6,
    destinationMac: '33:33:00:00:00:01',
    from: VIP6,
    to: 'ff02::1',
    type: 136,
    rest: FLAGS.announcement,
    isRight: true,
  });
  expect(icmp6sIn(of.wait(120_000))).toHaveLength(2);
});

test('each link may have the same link-local address, of its own virtual router', () => {
  const of = new World6([]);
  const own = (on: string, vrid: number) =>
    ({ address: address('fe80::66'), prefixLength: 64, interface: on, vrid }) as const;
  of.engine.own([own('outer', 0x33), own('inner', 0x44)]);
  const announced = icmp6sIn(of.taken()).map(({ on, sourceMac }) => `${on} ${sourceMac}`);
  expect(announced).toEqual(['outer 00:00:5e:00:02:33', 'inner 00:00:5e:00:02:44']);
  const ask = (on: string, ofMac: string) =>
    icmp6sIn(of.receive(on, solicitation('fe80::66', ofMac, 'fe80::9')))[0]?.sourceMac;
  expect(ask('outer', CLIENT_MAC)).toBe('00:00:5e:00:02:33');
  expect(ask('inner', SERVER_MAC)).toBe('00:00:5e:00:02:44');
  of.engine.own([own('inner', 0x44)]);
  expect([ask('outer', CLIENT_MAC), icmp6sIn(of.taken())]).toEqual([undefined, []]);
});

describe('neighbours', () => {
  test('are asked for, what is for them is kept, and sent when they answer', () => {
    const of = world().meet(CLIENT6);
    expect(icmp6sIn(of.receive('outer', frame(toVip)))).toMatchObject([
      {
        on: 'inner',
        sourceMac: OWN_MAC.inner,
        destinationMac: '33:33:ff:00:00:21',
        from: OWN6.inner,
        to: 'ff02::1:ff00:21',
        hopLimit: 255,
        type: 135,
        isRight: true,
      },
    ]);
    const [sent] = of.receive('inner', advertisement(SERVER6, SERVER_MAC));
    expect(look(sent!.bytes)).toMatchObject({
      destinationMac: SERVER_MAC,
      to: SERVER6,
      checksumsRight: true,
    });
  });

  test('that never answer are given up, and what was kept is counted', () => {
    const of = world().meet(CLIENT6);
    of.receive('outer', frame(toVip));
    of.wait(10_000);
    expect(of.engine.drops.read()).toEqual({ 'no-neighbour': 1 });
  });

  test('are where they said last; those of other links, and strangers, are not learnt', () => {
    const of = world().meet(CLIENT6, SERVER6);
    of.receive('outer', advertisement(SERVER6, '02:00:00:00:66:66'));
    expect(of.pass('outer', toVip)).toMatchObject({ destinationMac: SERVER_MAC });
    of.receive('inner', advertisement(SERVER6, '02:00:00:00:77:77'));
    expect(of.pass('outer', toVip)).toMatchObject({ destinationMac: '02:00:00:00:77:77' });
    const before = of.engine.sessions.addresses.count;
    of.receive('inner', advertisement('2001:db8:1::99', '02:00:00:00:77:77'));
    expect(of.engine.sessions.addresses.count).toBe(before);
  });

  test('who speaks for another one does not override what he said himself', () => {
    const of = world().meet(CLIENT6, SERVER6);
    const bytes = advertisement(SERVER6, '02:00:00:00:66:66').subarray(IP + 40);
    const message = Buffer.from(bytes);
    message[4] = 0;
    const ends = { from: SERVER6, to: 'ff02::1', destinationMac: '33:33:00:00:00:01', hopLimit: 255 };
    of.receive('inner', icmp6Frame(ends, message));
    expect(of.pass('outer', toVip)).toMatchObject({ destinationMac: SERVER_MAC });
  });
});
