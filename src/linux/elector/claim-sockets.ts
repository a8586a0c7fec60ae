// The sockets that ask a link who has a virtual address, and hear who says so: one for the frames of either
// family that go out and for ARP replies, one for neighbour advertisements. The kernel's filters let in what
// is about addresses that were asked for, so that the thread is not woken by neighbours of anybody else.

import { type Address, type Family, familyOf } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { claimInArp } from '../../vrrp/arp.ts';
import type { Claimed } from '../../vrrp/claims.ts';
import { ETHERTYPE } from '../../vrrp/ethernet.ts';
import { claimInAdvertisement } from '../../vrrp/neighbour.ts';
import { type Question, questionFrame } from '../../vrrp/questions.ts';
import { attachProgram, DROP } from '../bpf.ts';
import { AF, bind, close, IPV6, MSG, recvfrom, SOCK, SOL, sendto, setsockoptInt, socket } from '../libc.ts';
import type { PollSet } from '../poll.ts';
import { MessageReceiver } from '../receive-message.ts';
import { indexOf, sockaddrLl } from '../sockaddr.ts';
import { answersAbout, wordOf } from './claim-filter.ts';
import type { Links } from './links.ts';

/** A flood of answers must not keep adverts from being sent. */
const ANSWERS_PER_ROUND = 64;
/** Of every interface. */
const ANY = 0;
const FRAME_MAX = 128;
const MESSAGE_MAX = 512;
const SOCKADDR_MAX = 32;
export class ClaimSockets {
  readonly #poll: PollSet;
  readonly #links: Links;
  readonly #arp = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  readonly #arpSlot: number;
  readonly #frame = Buffer.alloc(FRAME_MAX);
  readonly #from = Buffer.alloc(SOCKADDR_MAX);
  /** Opened with the first question over IPv6. */
  #neighbours: { fd: number; slot: number; receiver: MessageReceiver } | undefined;
  /** What is listened for, as the filters compare it. */
  readonly #asked: Record<Family, Set<number>> = { 4: new Set(), 6: new Set() };

  constructor(poll: PollSet, links: Links) {
    this.#poll = poll;
    this.#links = links;
    attachProgram(this.#arp, DROP);
    bind(this.#arp, sockaddrLl(ANY, ETHERTYPE.ARP));
    this.#arpSlot = poll.add(this.#arp);
  }

  /** These, and what is asked for beside them later. */
  listenFor(addresses: readonly Address[]): void {
    for (const family of [4, 6] as const) {
      this.#asked[family] = new Set(addresses.filter((each) => familyOf(each) === family).map(wordOf));
      this.#filter(family);
    }
  }

  ask(question: Question): void {
    const link = this.#links.link(question.interface);
    if (link === undefined || link.loopback || link.mac.length !== 6) return;
    const family = familyOf(question.address);
    const asked = this.#asked[family];
    const word = wordOf(question.address);
    if (family === 6 && this.#neighbours === undefined) this.#openNeighbours();
    if (!asked.has(word)) {
      asked.add(word);
      this.#filter(family);
    }
    const frame = questionFrame(question, link.mac);
    const type = family === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.ARP;
    sendto(this.#arp, frame, sockaddrLl(link.index, type, frame.subarray(0, 6)), MSG.DONTWAIT);
  }

  /** After a wait of the poll set. */
  receive(): Claimed[] {
    const found: Claimed[] = [];
    if (this.#poll.ready(this.#arpSlot)) this.#receiveArp(found);
    if (this.#neighbours !== undefined && this.#poll.ready(this.#neighbours.slot))
      this.#receiveNeighbours(found);
    return found;
  }

  close(): void {
    close(this.#arp);
    if (this.#neighbours !== undefined) close(this.#neighbours.fd);
  }

  #receiveArp(found: Claimed[]): void {
    for (let n = 0; n < ANSWERS_PER_ROUND; n++) {
      const length = recvfrom(this.#arp, this.#frame, this.#from, MSG.DONTWAIT);
      if (length < 0) return;
      this.#note(claimInArp(this.#frame.subarray(0, length)), indexOf(this.#from), found);
    }
  }
  #receiveNeighbours(found: Claimed[]): void {
    const { fd, receiver } = this.#neighbours!;
    for (let n = 0; n < ANSWERS_PER_ROUND; n++) {
      const received = receiver.receive(fd);
      if (received === undefined) return;
      const { bytes, hopLimit, interfaceIndex } = received;
      // Both were asked for, so the kernel always tells.
      if (hopLimit === undefined || interfaceIndex === undefined) continue;
      this.#note(claimInAdvertisement(bytes, hopLimit), interfaceIndex, found);
    }
  }
  /** With two interfaces on one link this machine would answer itself. */
  #note(claim: { address: Address; mac: string } | undefined, index: number, found: Claimed[]): void {
    const name = this.#links.nameOf(index);
    if (claim === undefined || name === undefined || this.#links.hasMac(claim.mac, index)) return;
    found.push({ interface: name, ...claim });
  }

  /** No packet socket: each packet that is forwarded would be looked at. */
  #openNeighbours(): void {
    const fd = socket(AF.INET6, SOCK.RAW | SOCK.NONBLOCK, PROTOCOL.icmpv6);
    setsockoptInt(fd, SOL.IPV6, IPV6.RECVPKTINFO, 1);
    setsockoptInt(fd, SOL.IPV6, IPV6.RECVHOPLIMIT, 1);
    this.#neighbours = { fd, slot: this.#poll.add(fd), receiver: new MessageReceiver(MESSAGE_MAX) };
    this.#filter(6);
  }
  #filter(family: Family): void {
    const fd = family === 4 ? this.#arp : this.#neighbours?.fd;
    if (fd !== undefined) attachProgram(fd, answersAbout(family, this.#asked[family]));
  }
}
