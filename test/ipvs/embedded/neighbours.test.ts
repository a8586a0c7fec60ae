// Whom the engine's frames go to: ARP asked and answered, frames kept meanwhile, gateways, and routing what
// is nobody's.
import { describe, expect, test } from 'vitest';
import { arpFrame, CLIENT_MAC, frame, look, lookArp, VIRTUAL_MAC } from './frames.ts';
import { arpsIn, CLIENT, head, INNER_VIP, OWN_MAC, SERVER_MAC, server, VIP, World } from './world.ts';

const SYN = 0x02;
const ACK = 0x10;
const toVip = { protocol: 'TCP', from: CLIENT, fromPort: 1025, to: VIP, toPort: 80 } as const;
const fromServer = { protocol: 'TCP', from: '10.1.0.21', fromPort: 8080, to: CLIENT, toPort: 1025 } as const;
const natWorld = () => new World([[head(), [server(21)]]]).own().meet(CLIENT, '10.1.0.21');

describe('neighbours', () => {
  test('answers for owned addresses with the virtual router’s MAC, for no others', () => {
    const world = natWorld();
    const ask = (target: string, sender = CLIENT) =>
      world.receive(
        'outer',
        arpFrame({
          operation: 1,
          senderMac: CLIENT_MAC,
          sender,
          targetMac: '00:00:00:00:00:00',
          target,
          destinationMac: 'ff:ff:ff:ff:ff:ff',
        }),
      );
    expect(arpsIn(ask(VIP))).toEqual([
      {
        operation: 2,
        senderMac: VIRTUAL_MAC,
        sender: VIP,
        targetMac: CLIENT_MAC,
        target: CLIENT,
        destinationMac: CLIENT_MAC,
      },
    ]);
    expect(arpsIn(ask(VIP, '0.0.0.0'))).toHaveLength(1);
    expect(ask('10.0.0.1')).toEqual([]);
    expect(ask(INNER_VIP)).toEqual([]);
    world.engine.own([]);
    expect(ask(VIP)).toEqual([]);
  });

  test('announces an address when it becomes ours, three times, and reminds of it each minute', () => {
    const world = new World([]);
    world.engine.own([{ address: VIP as never, prefixLength: 24, interface: 'outer', vrid: 0x33 }]);
    const announced = arpsIn([...world.taken(), ...world.wait(10_000)]);
    expect(announced).toHaveLength(3);
    expect(announced[0]).toMatchObject({ operation: 1, sender: VIP, target: VIP, senderMac: VIRTUAL_MAC });
    expect(arpsIn(world.wait(120_000))).toHaveLength(2);
    world.engine.own([]);
    expect(world.wait(200_000)).toEqual([]);
  });

  test('does not answer an announcement of its own address: the new master has spoken', () => {
    const world = natWorld();
    const announcement = { operation: 1, senderMac: VIRTUAL_MAC, sender: VIP, target: VIP } as const;
    const everybody = { targetMac: '00:00:00:00:00:00', destinationMac: 'ff:ff:ff:ff:ff:ff' };
    expect(world.receive('outer', arpFrame({ ...announcement, ...everybody }))).toEqual([]);
  });

  test('forwards what still arrives for an address handed over, and leaves ARP to the new master', () => {
    const world = natWorld();
    const vip = { address: VIP as never, prefixLength: 24, interface: 'outer', vrid: 0x33 };
    world.taken();
    world.engine.own([{ ...vip, handedOver: true }]);
    const question = { operation: 1, senderMac: CLIENT_MAC, sender: CLIENT, target: VIP } as const;
    const everybody = { targetMac: '00:00:00:00:00:00', destinationMac: 'ff:ff:ff:ff:ff:ff' };
    expect(world.receive('outer', arpFrame({ ...question, ...everybody }))).toEqual([]);
    expect(world.pass('outer', { ...toVip, flags: SYN })).toMatchObject({ on: 'inner' });
    expect(arpsIn(world.wait(130_000))).toEqual([]);
    world.engine.own([vip]);
    expect(arpsIn(world.taken())).toHaveLength(1);
  });

  test('announces any number of addresses, in portions that fit', () => {
    const world = new World([]);
    const many = Array.from({ length: 200 }, (_, i) => `10.0.0.${i + 20}` as never);
    world.engine.own(many.map((vip) => ({ address: vip, prefixLength: 24, interface: 'outer', vrid: 0x33 })));
    const announced = arpsIn([...world.taken(), ...world.wait(900)]).map(({ sender }) => sender);
    expect(announced).toEqual(many);
  });

  test('asks for an unknown server, keeps what is for it, sends it when the answer comes', () => {
    const world = new World([[head(), [server(21)]]]).own().meet(CLIENT);
    const asked = world.receive('outer', frame({ ...toVip, flags: SYN }));
    expect(arpsIn(asked)).toMatchObject([
      { operation: 1, sender: '10.1.0.1', senderMac: OWN_MAC.inner, target: '10.1.0.21' },
    ]);
    expect(arpsIn(world.wait(600)).map(({ target }) => target)).toEqual(['10.1.0.21', '10.1.0.21']);
    const reply = {
      operation: 2,
      senderMac: SERVER_MAC,
      sender: '10.1.0.21',
      targetMac: OWN_MAC.inner,
      target: '10.1.0.1',
      destinationMac: OWN_MAC.inner,
    };
    const [sent, ...more] = world.receive('inner', arpFrame(reply));
    expect(more).toEqual([]);
    expect(look(sent!.bytes)).toMatchObject({
      to: '10.1.0.21',
      destinationMac: SERVER_MAC,
      checksumsRight: true,
    });
  });

  test('keeps a bounded number, gives up after three seconds, and begins anew', () => {
    const world = new World([[head(), [server(21)]]]).own().meet(CLIENT);
    for (let port = 2000; port < 2100; port++)
      world.receive('outer', frame({ ...toVip, fromPort: port, flags: SYN }));
    expect(world.engine.drops.read()).toEqual({ 'no-neighbour': 84 });
    expect(arpsIn(world.wait(5000)).filter(({ target }) => target === '10.1.0.21')).toHaveLength(11);
    expect(world.engine.drops.read()).toEqual({ 'no-neighbour': 100 });
    expect(lookArp(world.receive('outer', frame({ ...toVip, flags: SYN }))[0]!.bytes)).toMatchObject({
      operation: 1,
    });
  });

  test('a server that moves to another MAC is followed', () => {
    const world = natWorld();
    const moved = '02:00:00:00:01:99';
    world.receive(
      'inner',
      arpFrame({
        operation: 1,
        senderMac: moved,
        sender: '10.1.0.21',
        targetMac: '00:00:00:00:00:00',
        target: '10.1.0.21',
        destinationMac: 'ff:ff:ff:ff:ff:ff',
      }),
    );
    expect(world.pass('outer', { ...toVip, flags: SYN })?.destinationMac).toBe(moved);
  });

  test('clients beyond the gateway are reached by it', () => {
    const world = natWorld().meet('10.0.0.254');
    expect(world.pass('outer', { ...toVip, from: '192.0.2.9', flags: SYN })?.on).toBe('inner');
    const back = world.pass('inner', { ...fromServer, to: '192.0.2.9', flags: SYN | ACK });
    expect(back).toMatchObject({ on: 'outer', from: VIP, to: '192.0.2.9', destinationMac: CLIENT_MAC });
  });

  test('a virtual router also routes: what is no connection’s goes its way', () => {
    const world = natWorld().meet('10.0.0.254');
    const out = world.pass('inner', { ...fromServer, fromPort: 40_000, to: '192.0.2.53', toPort: 443 });
    expect(out).toMatchObject({
      on: 'outer',
      from: '10.1.0.21',
      to: '192.0.2.53',
      ttl: 63,
      checksumsRight: true,
    });
    expect(world.engine.routed).toBe(1);
  });
});
