// The sockets that adverts go through: one for each family on each interface that has virtual routers, opened
// when the interface is there, and again when another one comes under its name.
import { type Address, type Family, familyOf } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import { type Elector, type Input, listeners } from '../../vrrp/elector.ts';
import { leastReceiveBuffer, receiveBufferFor } from '../../vrrp/receive-buffer.ts';
import { monotonicMs } from '../clock.ts';
import { errnoName } from '../libc.ts';
import type { PollSet } from '../poll.ts';
import type { AdvertSocket } from './advert-socket.ts';
import { Ipv4AdvertSocket } from './ipv4-socket.ts';
import { Ipv6AdvertSocket } from './ipv6-socket.ts';
import type { Links } from './links.ts';

/** A flood of packets on one interface must not keep adverts from being sent. */
const PACKETS_PER_ROUND = 64;
const SEND_FAILURE_EACH_MS = 60_000;

type Open = { socket: AdvertSocket; slot: number };

export class AdvertSockets {
  readonly #poll: PollSet;
  readonly #links: Links;
  readonly #say: (notice: Notice) => void;
  readonly #sockets = new Map<string, Open>();
  /** By interface and errno: when it may be said again. */
  readonly #failures = new Map<string, number>();

  constructor(poll: PollSet, links: Links, say: (notice: Notice) => void) {
    this.#poll = poll;
    this.#links = links;
    this.#say = say;
  }

  /** After a wait of the poll set. The bytes are valid until the next one is asked for. */
  *receive(): Generator<Input> {
    for (const { socket, slot } of this.#sockets.values()) {
      if (!this.#poll.ready(slot)) continue;
      for (let n = 0; n < PACKETS_PER_ROUND; n++) {
        const bytes = socket.receive();
        if (bytes === undefined) break;
        yield { type: 'packet', interface: socket.interface, bytes };
      }
    }
  }

  send(name: string, packet: Buffer, to: Address): void {
    const sent = this.#socketOf(name, familyOf(to))?.send(packet, to) ?? 0;
    if (sent < 0) this.#noteFailure(name, errnoName(-sent));
  }

  /** One for each interface that exists, as the elector listens there. */
  keep(elector: Elector): void {
    const wanted = new Map(
      listeners(elector).map((listener) => [keyOf(listener.interface, listener.family), listener]),
    );
    for (const [key, { socket }] of this.#sockets) {
      if (wanted.has(key) && this.#links.link(socket.interface)?.index === socket.index) continue;
      this.#poll.remove(socket.fd);
      socket.close();
      this.#sockets.delete(key);
    }
    for (const { interface: name, family, groups } of wanted.values()) {
      const socket = this.#socketOf(name, family);
      socket?.listenTo(groups);
      const bytes = receiveBufferFor(elector, { name, family }, this.#links.link(name)?.mtu ?? 0);
      socket?.keep(bytes, leastReceiveBuffer(elector, { name, family }));
    }
  }

  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #socketOf(name: string, family: Family): AdvertSocket | undefined {
    const key = keyOf(name, family);
    const open = this.#sockets.get(key);
    if (open) return open.socket;
    const link = this.#links.link(name);
    if (link === undefined) return undefined;
    const socket = openAdvertSocket(family, link);
    this.#sockets.set(key, { socket, slot: this.#poll.add(socket.fd) });
    return socket;
  }
  #noteFailure(name: string, errno: string): void {
    const key = `${name} ${errno}`;
    const nowMs = monotonicMs();
    if (nowMs < (this.#failures.get(key) ?? 0)) return;
    this.#failures.set(key, nowMs + SEND_FAILURE_EACH_MS);
    this.#say({
      event: 'vrrp.advert.dropped',
      message: `an advert could not be sent on ${name}: ${errno}`,
      fields: { interface: name, reason: `send-${errno}` },
    });
  }
}

export function openAdvertSocket(family: Family, link: { name: string; index: number }): AdvertSocket {
  const Socket = family === 4 ? Ipv4AdvertSocket : Ipv6AdvertSocket;
  return new Socket(link.name, link.index);
}

function keyOf(name: string, family: Family): string {
  return `${family} ${name}`;
}
