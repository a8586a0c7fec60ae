// What of an interface's frames the engine is there for, as a program for its packet socket: the kernel drops
// what it would drop anyway. Ancillary offsets of <linux/filter.h>.

import type { Family } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { CODE, DROP, instruction, PASS } from '../bpf.ts';

/**
 * SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT: a frame of a VLAN shows up, untagged, on the parent interface too.
 */
const VLAN_TAG_PRESENT = 0xfffff000 + 48;
const AT = { destination: 0, destinationEnd: 4, type: 12, nextHeader: 20, icmpType: 54 } as const;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const VIRTUAL_MAC_HEAD = 0x00005e00;
const VIRTUAL_MAC_TAIL = { 4: 0x0100, 6: 0x0200 } as const;

export type VirtualRouter = { vrid: number; family: Family };
export type Wanted = {
  /** Virtual routers whose MACs the engine answers for on this interface. */
  vrids: readonly VirtualRouter[];
  /** The interface's own MAC, when real servers may send their replies to it. */
  ownMac?: Uint8Array;
};

/** struct sock_filter, one after the other. Without anything wanted nothing passes. */
export function filterProgram(wanted: Wanted): Buffer {
  const tests: { head: number; tail: number }[] = wanted.vrids.map(({ vrid, family }) => ({
    head: VIRTUAL_MAC_HEAD,
    tail: VIRTUAL_MAC_TAIL[family] | vrid,
  }));
  if (wanted.ownMac) {
    const mac = Buffer.from(wanted.ownMac);
    tests.push({ head: mac.readUInt32BE(0), tail: mac.readUInt16BE(4) });
  }
  if (tests.length === 0) return DROP;
  return Buffer.concat([
    instruction(CODE.loadWord, 0, 0, VLAN_TAG_PRESENT),
    instruction(CODE.jumpEqual, 1, 0, 0),
    DROP,
    instruction(CODE.loadHalf, 0, 0, AT.type),
    instruction(CODE.jumpEqual, 0, 1, ETHERTYPE_ARP),
    PASS,
    // Neighbour discovery comes to groups, and to whoever asked.
    instruction(CODE.jumpEqual, 0, 6, ETHERTYPE_IPV6),
    instruction(CODE.loadByte, 0, 0, AT.nextHeader),
    instruction(CODE.jumpEqual, 0, 4, PROTOCOL.icmpv6),
    instruction(CODE.loadByte, 0, 0, AT.icmpType),
    instruction(CODE.jumpEqual, 1, 0, SOLICITATION),
    instruction(CODE.jumpEqual, 0, 1, ADVERTISEMENT),
    PASS,
    // Jumps reach 255 instructions only, so each MAC is a block of its own that ends in its verdict.
    ...tests.flatMap(({ head, tail }) => [
      instruction(CODE.loadWord, 0, 0, AT.destination),
      instruction(CODE.jumpEqual, 0, 3, head),
      instruction(CODE.loadHalf, 0, 0, AT.destinationEnd),
      instruction(CODE.jumpEqual, 0, 1, tail),
      PASS,
    ]),
    DROP,
  ]);
}
