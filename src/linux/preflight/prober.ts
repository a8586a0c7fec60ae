// Asks real servers by packets, from a director: who has an address on the link, and whether they answer what
// src/director/preflight/asking.ts asks. Sends and listens; decides nothing.

import { type Address, familyOf, isLinkLocal } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import {
  type Answers,
  answeredId,
  type Case,
  giveUp,
  type Question,
  type Send,
} from '../../director/preflight/asking.ts';
import type { Claim } from '../../director/preflight/concluding.ts';
import type { Heard } from '../../director/preflight/wire.ts';
import type { Link } from '../../netlink/route.ts';
import { ETHERTYPE } from '../../vrrp/ethernet.ts';
import { questionFrame } from '../../vrrp/questions.ts';
import {
  AF,
  bind,
  close,
  errnoName,
  IP,
  IPV6,
  MSG,
  SOCK,
  SOL,
  sendto,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet, sockaddrLl } from '../sockaddr.ts';
import { type Claimed, Ear } from './ear.ts';

/** A question is asked so often, and an answer waited for so long. */
const ROUNDS = 3;
const ARP_MS = 300;
const ANSWER_MS = 500;
/** IP_PMTUDISC_DO: what does not fit is refused. */
const NO_FRAGMENTS = 2;

/** Who has an address on an interface? `source`: over IPv6 the address to ask from. */
export type AskLink = { interface: string; address: Address; source?: Address };

export class Prober {
  readonly #links: ReadonlyMap<string, Link>;
  readonly #ear: Ear;
  readonly #frames = socket(AF.PACKET, SOCK.RAW | SOCK.NONBLOCK, 0);
  readonly #tunnels = new Map<string, number>();

  /** `own`: the addresses that answers go to. */
  constructor(links: readonly Link[], own: readonly Address[]) {
    this.#links = new Map(links.map((link) => [link.name, link]));
    this.#ear = new Ear(own);
  }

  /** Everybody who answers, as often as they do. Takes its time: some are not to answer. */
  askLinks(questions: readonly AskLink[]): Claim[] {
    const names = new Map([...this.#links.values()].map(({ index, name }) => [index, name]));
    const claims: Claim[] = [];
    const take = (heard: Heard | Claimed) => {
      if (!('interfaceIndex' in heard)) return;
      const { interfaceIndex, ...claim } = heard;
      const name = names.get(interfaceIndex);
      if (name !== undefined) claims.push({ interface: name, ...claim });
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const question of questions) this.#askLink(question);
      this.#ear.listen(ARP_MS, take);
    }
    return claims;
  }

  exchange(cases: readonly Case[]): Answers {
    const questions = new Map<number, Question>();
    for (const one of cases) for (const question of one.questions) questions.set(question.id, question);
    const of = new Map<number, Heard>();
    const refused = new Map<number, string>();
    const unreachable: Heard[] = [];
    const take = (heard: Heard | Claimed) => {
      if ('interfaceIndex' in heard) return;
      if (heard.answer.type === 'unreachable') unreachable.push(heard);
      const id = answeredId(heard);
      const question = id === undefined ? undefined : questions.get(id);
      if (id === undefined || question === undefined || of.has(id)) return;
      of.set(id, heard);
      const end = giveUp(heard, question);
      if (end !== undefined) this.#send(end);
    };
    const isOpen = (id: number) => !of.has(id) && !refused.has(id);
    for (let round = 0; round < ROUNDS; round++) {
      for (const { id, send } of questions.values()) {
        if (!isOpen(id)) continue;
        const why = this.#send(send);
        if (why !== undefined) refused.set(id, why);
      }
      this.#ear.listen(ANSWER_MS, take, () => of.size + refused.size === questions.size);
    }
    return { of, refused, unreachable };
  }

  close(): void {
    this.#ear.close();
    close(this.#frames);
    for (const fd of this.#tunnels.values()) close(fd);
  }

  #askLink(question: AskLink): void {
    const link = this.#links.get(question.interface);
    if (link?.mac.length !== 6) return;
    const frame = questionFrame(question, link.mac);
    const type = familyOf(question.address) === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.ARP;
    sendto(this.#frames, frame, sockaddrLl(link.index, type, frame.subarray(0, 6)), MSG.DONTWAIT);
  }

  /** Undefined, or the kernel's reason not to. */
  #send(send: Send): string | undefined {
    const result = send.by === 'frame' ? this.#sendFrame(send) : this.#sendWrapped(send);
    return result < 0 ? errnoName(-result) : undefined;
  }
  #sendFrame({ interface: name, frame }: Send & { by: 'frame' }): number {
    const index = this.#links.get(name)?.index ?? 0;
    const to = sockaddrLl(index, frame.readUInt16BE(12), frame.subarray(0, 6));
    return sendto(this.#frames, frame, to, MSG.DONTWAIT);
  }
  #sendWrapped({ from, to, wrapped }: Send & { by: 'tunnel' }): number {
    const port = 'port' in wrapped.by ? wrapped.by.port : 0;
    return sendto(this.#tunnel(from, wrapped.by), wrapped.payload, sockaddrInet(to, port), MSG.DONTWAIT);
  }
  #tunnel(from: Address, by: { protocol: number } | { port: number }): number {
    const key = `${from} ${'port' in by ? 'gue' : by.protocol}`;
    const known = this.#tunnels.get(key);
    if (known !== undefined) return known;
    const isSix = familyOf(from) === 6;
    const kind = 'port' in by ? SOCK.DGRAM : SOCK.RAW;
    const fd = socket(isSix ? AF.INET6 : AF.INET, kind, 'port' in by ? PROTOCOL.udp : by.protocol);
    this.#tunnels.set(key, fd);
    bind(fd, sockaddrInet(from, 0));
    if (isSix) setsockoptInt(fd, SOL.IPV6, IPV6.MTU_DISCOVER, NO_FRAGMENTS);
    else setsockoptInt(fd, SOL.IP, IP.MTU_DISCOVER, NO_FRAGMENTS);
    return fd;
  }
}

/** To ask from over IPv6: a link-local address if there is one. */
export function askingAddress(addresses: readonly Address[]): Address | undefined {
  return addresses.find(isLinkLocal) ?? addresses[0];
}
