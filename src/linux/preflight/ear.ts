// The packet socket that hears what real servers answer a director, before its kernel drops what comes from a
// virtual address that it holds itself. The kernel's filter lets in what is for the addresses that ask.

import { type Address, addressBytes, familyOf } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { type Heard, readAnswer } from '../../director/preflight/wire.ts';
import { claimInArp } from '../../vrrp/arp.ts';
import { ETHERNET, ETHERTYPE } from '../../vrrp/ethernet.ts';
import { claimInAdvertisement } from '../../vrrp/neighbour.ts';
import { attachProgram, CODE, DROP, instruction, PASS } from '../bpf.ts';
import {
  AF,
  bind,
  close,
  ETH_P_ALL,
  MSG,
  PACKET,
  recvfrom,
  SOCK,
  SOL,
  setReceiveBuffer,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { PollSet } from '../poll.ts';
import { indexOf, sockaddrLl } from '../sockaddr.ts';

const ETH_P_IP = 0x0800;
const RECEIVE_BUFFER = 1024 * 1024;
const FRAME_MAX = 2048;
const SOCKADDR_MAX = 32;
/** From the beginning of a frame. */
const IPV4_DESTINATION = 30;
const IPV6 = { nextHeader: 20, hopLimit: 21, destinationEnd: 50, size: 54 } as const;
/** Jumps of a filter reach 255 instructions. */
const ADDRESSES_MAX = 100;

export type Claimed = { interfaceIndex: number; address: Address; mac: string };

export class Ear {
  readonly #fd = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  readonly #poll = new PollSet();
  readonly #frame = Buffer.alloc(FRAME_MAX);
  readonly #from = Buffer.alloc(SOCKADDR_MAX);

  /** `own`: the addresses that ask. */
  constructor(own: readonly Address[]) {
    setsockoptInt(this.#fd, SOL.PACKET, PACKET.IGNORE_OUTGOING, 1);
    setReceiveBuffer(this.#fd, RECEIVE_BUFFER);
    attachProgram(this.#fd, programFor(own));
    bind(this.#fd, sockaddrLl(0, ETH_P_ALL));
    this.#poll.add(this.#fd);
  }

  /** What comes in the next `ms`, or until `isEnough`. */
  listen(ms: number, take: (heard: Heard | Claimed) => void, isEnough: () => boolean = () => false): void {
    const end = performance.now() + ms;
    for (let left = ms; left > 0 && !isEnough(); left = end - performance.now()) {
      if (this.#poll.wait(left * 1e6) === 0) continue;
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
        const heard = claimIn(frame, indexOf(this.#from)) ?? readAnswer(frame);
        if (heard !== undefined) take(heard);
      }
    }
  }

  close(): void {
    close(this.#fd);
  }

  #next(): Buffer | undefined {
    const length = recvfrom(this.#fd, this.#frame, this.#from, MSG.DONTWAIT);
    return length < 0 ? undefined : this.#frame.subarray(0, length);
  }
}

function claimIn(frame: Buffer, interfaceIndex: number): Claimed | undefined {
  if (frame.length < ETHERNET.size) return undefined;
  const claim = frame.readUInt16BE(ETHERNET.type) === ETHERTYPE.ARP ? claimInArp(frame) : advertisedIn(frame);
  return claim && { interfaceIndex, ...claim };
}

function advertisedIn(frame: Buffer): { address: Address; mac: string } | undefined {
  if (frame.readUInt16BE(ETHERNET.type) !== ETHERTYPE.IPV6 || frame.length < IPV6.size) return undefined;
  if (frame.readUInt8(IPV6.nextHeader) !== PROTOCOL.icmpv6) return undefined;
  return claimInAdvertisement(frame.subarray(IPV6.size), frame.readUInt8(IPV6.hopLimit));
}

/** With too many addresses for it everything passes. */
function programFor(own: readonly Address[]): Buffer {
  if (own.length > ADDRESSES_MAX) return PASS;
  const words = (family: 4 | 6, at: number) =>
    own
      .filter((address) => familyOf(address) === family)
      .map((address) => addressBytes(address).readUInt32BE(at));
  const tests = (offset: number, all: readonly number[]) =>
    Buffer.concat([
      instruction(CODE.loadWord, 0, 0, offset),
      ...all.flatMap((word) => [instruction(CODE.jumpEqual, 0, 1, word), PASS]),
      DROP,
    ]);
  const four = tests(IPV4_DESTINATION, words(4, 0));
  const count = four.length / DROP.length;
  return Buffer.concat([
    instruction(CODE.loadHalf, 0, 0, ETHERNET.type),
    instruction(CODE.jumpEqual, 0, 1, ETHERTYPE.ARP),
    PASS,
    instruction(CODE.jumpEqual, 0, count, ETH_P_IP),
    four,
    instruction(CODE.jumpEqual, 1, 0, ETHERTYPE.IPV6),
    DROP,
    tests(IPV6.destinationEnd, words(6, 12)),
  ]);
}
