// An engine on a machine that exists only as data: two interfaces, a virtual address on each, real servers
// behind the inner one whose MACs are known. Frames go in by name and come out by name.
import { address, addressBytes } from '../../../src/core/address.ts';
import { VERDICT } from '../../../src/ipvs/embedded/drops.ts';
import { Engine } from '../../../src/ipvs/embedded/engine.ts';
import { HEADROOM } from '../../../src/ipvs/embedded/outbox.ts';
import { type ConnectionEntry, describeConnection } from '../../../src/ipvs/embedded/synced.ts';
import type {
  AddressSelector,
  Forwarding,
  Protocol,
  Server,
  ServiceHead,
  ServiceSettings,
} from '../../../src/ipvs/model.ts';
import { arpFrame, CLIENT_MAC, frame, look, lookArp, mac, type Segment, VNET } from './frames.ts';

export const VIP = '10.0.0.100';
export const INNER_VIP = '10.1.0.100';
export const CLIENT = '10.0.0.10';
export const OWN_MAC = { outer: '02:00:00:00:00:01', inner: '02:00:00:00:01:01' };
export const SERVER_MAC = '02:00:00:00:01:15';
export const CAPACITY = 1000;
/** Of a packet of which only the addresses count. */
export const NO_PAYLOAD = { bytes: new Uint8Array(0), payload: 0, end: 0 };
const NOBODY = '00:00:00:00:00:00';

export type AddressHead = AddressSelector & ServiceSettings;

export function head(extra: Partial<AddressHead> = {}): AddressHead {
  return {
    protocol: 'TCP' as Protocol,
    address: address(VIP),
    port: 80,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: 32,
    onePacket: false,
    ...extra,
  };
}
/** What a peer would be told now. */
export function told(of: World): ConnectionEntry[] {
  const entries: ConnectionEntry[] = [];
  const { changes } = of.engine.sessions;
  for (let at = changes.take(); at !== 0; at = changes.take()) {
    entries.push(describeConnection(of.engine.sessions, at));
  }
  return entries;
}
export function server(last: number, extra: Partial<Server> = {}): Server {
  return {
    address: address(`10.1.0.${last}`),
    port: 8080,
    forwarding: 'NAT' as Forwarding,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    ...extra,
  };
}

export type Sent = { on: string; bytes: Buffer };

export class World {
  readonly engine: Engine;
  nowMs = 0;

  constructor(services: readonly [ServiceHead, readonly Server[]][], capacity = CAPACITY) {
    this.engine = new Engine({ capacity, seed: 0x1234 });
    this.engine.setClock(0);
    this.engine.setInterfaces(
      [
        {
          index: 2,
          name: 'outer',
          mac: mac(OWN_MAC.outer),
          mtu: 1500,
          addresses: [{ address: address('10.0.0.1'), length: 24 }],
        },
        {
          index: 3,
          name: 'inner',
          mac: mac(OWN_MAC.inner),
          mtu: 1400,
          addresses: [{ address: address('10.1.0.1'), length: 24 }],
        },
      ],
      [
        { destination: { address: address('10.0.0.0'), length: 24 }, interface: 2, metric: 0 },
        { destination: { address: address('10.1.0.0'), length: 24 }, interface: 3, metric: 0 },
        {
          destination: { address: address('0.0.0.0'), length: 0 },
          gateway: address('10.0.0.254'),
          interface: 2,
          metric: 0,
        },
      ],
    );
    for (const [service, servers] of services) this.add(service, servers);
  }

  add(service: ServiceHead, servers: readonly Server[]): void {
    this.engine.sessions.services.apply({ do: 'addService', service });
    for (const one of servers) {
      this.engine.sessions.services.apply({ do: 'addServer', service, server: one });
    }
  }

  /** Both virtual addresses; the announcements they cause are thrown away. */
  own(): this {
    this.engine.own([
      { address: address(VIP), prefixLength: 24, interface: 'outer', vrid: 0x33 },
      { address: address(INNER_VIP), prefixLength: 24, interface: 'inner', vrid: 0x33 },
    ]);
    this.taken();
    return this;
  }

  /** Answers of the machines around, so that no frame has to wait. */
  meet(...hosts: string[]): this {
    for (const host of hosts) {
      const isInner = host.startsWith('10.1.');
      const known = { mac: isInner ? SERVER_MAC : CLIENT_MAC, on: isInner ? 'inner' : 'outer' };
      const vip = isInner ? INNER_VIP : VIP;
      this.receive(
        known.on,
        arpFrame({
          operation: 1,
          senderMac: known.mac,
          sender: host,
          targetMac: NOBODY,
          target: vip,
          destinationMac: 'ff:ff:ff:ff:ff:ff',
        }),
      );
    }
    return this;
  }

  /** Everything that goes out because of one frame, with a firewall mark or none. */
  receive(on: string, bytes: Buffer, mark = 0): Sent[] {
    const slot = this.engine.links.list.findIndex((link) => link.name === on);
    const roomy = Buffer.concat([Buffer.alloc(HEADROOM), bytes]);
    const verdict = this.engine.receive(slot, roomy, HEADROOM + VNET, bytes.length - VNET, mark);
    const own = this.taken();
    if (verdict <= VERDICT.taken) return own;
    const { packet, links } = this.engine;
    const sent = roomy.subarray(packet.start - VNET, packet.start + packet.length);
    return [{ on: links.list[verdict]!.name, bytes: sent }, ...own];
  }

  /** A segment in, the one frame it becomes; undefined when none goes out. */
  pass(on: string, segment: Segment, mark = 0) {
    const [sent, ...others] = this.receive(on, frame(segment), mark);
    if (others.length > 0) throw new Error(`${others.length + 1} frames for one`);
    return sent && { on: sent.on, ...look(sent.bytes) };
  }

  /** The engine's own frames since the last time. */
  taken(): Sent[] {
    const { outbox } = this.engine;
    const sent = Array.from({ length: outbox.count }, (_, place) => ({
      on: this.engine.links.list[outbox.link(place)]!.name,
      bytes: Buffer.from(
        outbox.bytes.subarray(outbox.start(place), outbox.start(place) + outbox.length(place)),
      ),
    }));
    outbox.clear();
    return sent;
  }

  /** Lets time pass in steps of the engine's own timers. */
  wait(ms: number): Sent[] {
    const sent: Sent[] = [];
    const end = this.nowMs + ms;
    while (this.nowMs < end) {
      this.nowMs = Math.min(Math.max(this.engine.nextTimerMs(), this.nowMs + 1), end);
      this.engine.setClock(this.nowMs);
      sent.push(...this.taken());
    }
    return sent;
  }

  state(client: string, clientPort: number, service = head()): number | undefined {
    const { connections } = this.engine.sessions;
    const { addresses } = this.engine.sessions;
    const number = (text: string) => {
      const bytes = addressBytes(address(text));
      return bytes.length === 4 ? bytes.readInt32BE(0) : addresses.find(bytes, 0);
    };
    const protocol = (service.protocol === 'TCP' ? 6 : 17) | (client.includes(':') ? 0x100 : 0);
    const virtual = number(service.address);
    const at = connections.find(protocol, number(client), clientPort, virtual, service.port, 0);
    return at === 0 ? undefined : connections.state(at);
  }
}

export const arpsIn = (sent: readonly Sent[]) => sent.flatMap(({ bytes }) => lookArp(bytes) ?? []);
