// The world of world.ts with IPv6 beside IPv4: addresses and routes on both interfaces, a virtual address on
// each, neighbours that say who they are by solicitations; and one real server's services as most tests have
// them, a client's segments to them and its answers.
import { address, addressBytes, addressFromBytes } from '../../../src/core/address.ts';
import { internetChecksum } from '../../../src/core/checksum.ts';
import type { Forwarding, Server, ServiceHead } from '../../../src/ipvs/model.ts';
import { neighbourSolicitation } from '../../../src/vrrp/neighbour.ts';
import { CLIENT_MAC, mac, macText, VNET } from './frames.ts';
import {
  type AddressHead,
  head,
  INNER_VIP,
  OWN_MAC,
  SERVER_MAC,
  type Sent,
  server,
  VIP,
  World,
} from './world.ts';

export const VIP6 = '2001:db8::100';
export const INNER_VIP6 = '2001:db8:1::100';
export const CLIENT6 = '2001:db8::10';
export const FAR6 = '2001:db8:99::77';
export const GATEWAY6 = '2001:db8::fe';
export const OWN6 = { outer: '2001:db8::1', inner: '2001:db8:1::1' };
export const VIRTUAL_MAC6 = '00:00:5e:00:02:33';
export const IP = VNET + 14;

export const head6 = (extra: Partial<AddressHead> = {}) =>
  head({ address: address(VIP6), persistencePrefix: 128, ...extra });
export const server6 = (last: number, extra: Partial<Server> = {}) =>
  server(0, { address: address(`2001:db8:1::${last}`), ...extra });

export const SERVER6 = '2001:db8:1::21';
/** Beside the one for TCP, {@link head6}'s. */
export const UDP6 = head6({ protocol: 'UDP', port: 53 });
export const TO_VIP6 = {
  protocol: 'TCP',
  from: CLIENT6,
  fromPort: 1025,
  to: VIP6,
  toPort: 80,
  destinationMac: VIRTUAL_MAC6,
} as const;
/** By NAT. */
export const FROM_SERVER6 = {
  protocol: 'TCP',
  from: SERVER6,
  fromPort: 8080,
  to: CLIENT6,
  toPort: 1025,
  destinationMac: VIRTUAL_MAC6,
} as const;

/** A TCP and a UDP service of the same server, by one method; everybody is known. */
export function servedWorld6(forwarding: Forwarding = 'NAT'): World6 {
  const port = (own: number, other: number) => (forwarding === 'NAT' ? other : own);
  return new World6([
    [head6(), [server6(21, { forwarding, port: port(80, 8080) })]],
    [UDP6, [server6(21, { forwarding, port: port(53, 5300) })]],
  ])
    .own()
    .meet(CLIENT6, SERVER6, GATEWAY6);
}
/** The ICMPv6 messages among the frames. */
export const icmp6sIn = (sent: readonly Sent[]): Icmp6[] => sent.flatMap((one) => lookIcmp6(one) ?? []);

export class World6 extends World {
  constructor(services: readonly [ServiceHead, readonly Server[]][]) {
    super(services);
    const prefixes = (...texts: string[]) => texts.map((text) => ({ address: address(text), length: 64 }));
    this.engine.setInterfaces(
      [
        {
          index: 2,
          name: 'outer',
          mac: mac(OWN_MAC.outer),
          mtu: 1500,
          addresses: [...prefixes('fe80::1', OWN6.outer), { address: address('10.0.0.1'), length: 24 }],
        },
        {
          index: 3,
          name: 'inner',
          mac: mac(OWN_MAC.inner),
          mtu: 1400,
          addresses: [...prefixes(OWN6.inner, 'fe80::1'), { address: address('10.1.0.1'), length: 24 }],
        },
      ],
      [
        { destination: { address: address('10.0.0.0'), length: 24 }, interface: 2, metric: 0 },
        { destination: { address: address('10.1.0.0'), length: 24 }, interface: 3, metric: 0 },
        { destination: { address: address('2001:db8::'), length: 64 }, interface: 2, metric: 0 },
        { destination: { address: address('2001:db8:1::'), length: 64 }, interface: 3, metric: 0 },
        {
          destination: { address: address('::'), length: 0 },
          gateway: address(GATEWAY6),
          interface: 2,
          metric: 0,
        },
      ],
    );
  }

  override own(handedOver = false): this {
    this.engine.own([
      { address: address(VIP6), prefixLength: 128, interface: 'outer', vrid: 0x33, handedOver },
      { address: address(VIP), prefixLength: 32, interface: 'outer', vrid: 0x33, handedOver },
      { address: address(INNER_VIP), prefixLength: 32, interface: 'inner', vrid: 0x33, handedOver },
      { address: address(INNER_VIP6), prefixLength: 128, interface: 'inner', vrid: 0x33, handedOver },
    ]);
    this.taken();
    return this;
  }

  override meet(...hosts: string[]): this {
    for (const host of hosts) {
      if (!host.includes(':')) {
        super.meet(host);
        continue;
      }
      const isInner = host.startsWith('2001:db8:1:');
      const known = { mac: isInner ? SERVER_MAC : CLIENT_MAC, on: isInner ? 'inner' : 'outer' };
      this.receive(known.on, solicitation(isInner ? INNER_VIP6 : VIP6, known.mac, host));
    }
    return this;
  }
}

export function solicitation(target: string, ofMac: string, source: string): Buffer {
  const bytes = neighbourSolicitation(address(target), mac(ofMac), address(source));
  return Buffer.concat([Buffer.alloc(VNET), bytes]);
}

export type Icmp6 = {
  on: string;
  destinationMac: string;
  sourceMac: string;
  from: string;
  to: string;
  hopLimit: number;
  type: number;
  code: number;
  rest: number;
  isRight: boolean;
  body: Buffer;
};

/** An ICMPv6 message, its checksum computed from scratch; undefined when it is something else. */
export function lookIcmp6({ on, bytes }: Sent): Icmp6 | undefined {
  const frame = Buffer.from(bytes);
  const ip = frame.subarray(IP);
  if (frame.readUInt16BE(VNET + 12) !== 0x86dd || ip[6] !== 58) return undefined;
  const message = ip.subarray(40, 40 + ip.readUInt16BE(4));
  return {
    on,
    destinationMac: macText(frame.subarray(VNET, VNET + 6)),
    sourceMac: macText(frame.subarray(VNET + 6, VNET + 12)),
    from: addressFromBytes(ip.subarray(8, 24)),
    to: addressFromBytes(ip.subarray(24, 40)),
    hopLimit: ip[7]!,
    type: message[0]!,
    code: message[1]!,
    rest: message.readUInt32BE(4),
    isRight: internetChecksum(ip.subarray(8, 40), tail(message.length), message) === 0,
    body: message.subarray(8),
  };
}
const tail = (length: number) => Buffer.from([0, 0, length >> 8, length & 255, 0, 0, 0, 58]);

/** A frame with an ICMPv6 message whose checksum is right. */
export function icmp6Frame(
  ends: { from: string; to: string; destinationMac: string; hopLimit?: number },
  message: Buffer,
): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(message.length, 4);
  header[6] = 58;
  header[7] = ends.hopLimit ?? 64;
  const addresses = Buffer.concat([addressBytes(address(ends.from)), addressBytes(address(ends.to))]);
  const whole = Buffer.from(message);
  whole.writeUInt16BE(0, 2);
  whole.writeUInt16BE(internetChecksum(addresses, tail(whole.length), whole), 2);
  return Buffer.concat([
    Buffer.alloc(VNET),
    mac(ends.destinationMac),
    mac(CLIENT_MAC),
    Buffer.from([0x86, 0xdd]),
    header,
    addresses,
    whole,
  ]);
}
