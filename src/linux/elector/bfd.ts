// BFD in the elector thread: its sockets are waited for with the others, its verdicts go to the elector as
// those of any tracker. Decides nothing: that is src/vrrp/bfd.
import { familyOf } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import {
  type BfdAction,
  type BfdSettings,
  configureBfd,
  createBfdSpeaker,
  expireBfd,
  hearBfd,
  nextBfdDeadlineMs,
} from '../../vrrp/bfd/speaker.ts';
import { SystemCallError } from '../libc.ts';
import type { PollSet } from '../poll.ts';
import { BfdListener, BfdSender } from './bfd-sockets.ts';

export type SessionVerdict = Extract<BfdAction, { do: 'verdict' }>;
/** A flood on one socket must not keep adverts from being sent. */
const PACKETS_PER_ROUND = 64;
/** How long a port that another BFD daemon holds is left alone. Senders try again with each packet. */
const LISTEN_AGAIN_MS = 1000;

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another BFD daemon runs here: stop it, or run only one of them',
  EADDRNOTAVAIL: 'this machine does not have that source_ip',
};

export class Bfd {
  readonly #speaker = createBfdSpeaker(Math.random);
  readonly #listeners = new Map<string, { listener: BfdListener; slot: number }>();
  /** By the settings that a session holds on to: those of another session are another object. */
  readonly #senders = new Map<BfdSettings, BfdSender>();
  readonly #poll: PollSet;
  readonly #tell: (verdict: SessionVerdict) => void;
  readonly #say: (notice: Notice) => void;
  /** What the kernel refused and why: each refusal is said once. */
  readonly #refused = new Map<string, string>();
  #settings: readonly BfdSettings[] = [];
  #listenAgainMs = Number.POSITIVE_INFINITY;

  constructor(poll: PollSet, tell: (verdict: SessionVerdict) => void, say: (notice: Notice) => void) {
    this.#poll = poll;
    this.#tell = tell;
    this.#say = say;
  }

  get nextDeadlineMs(): number {
    return Math.min(nextBfdDeadlineMs(this.#speaker), this.#listenAgainMs);
  }

  configure(settings: readonly BfdSettings[], nowMs: number): void {
    this.#settings = settings;
    this.#refused.clear();
    this.#listen(nowMs);
    // Sessions that end still have their last word to send.
    this.#perform(configureBfd(this.#speaker, settings, nowMs));
    const held = new Set([...this.#speaker.sessions.values()].map((session) => session.settings));
    for (const [own, sender] of this.#senders) {
      if (held.has(own)) continue;
      sender.close();
      this.#senders.delete(own);
    }
  }

  /** After a wait of the poll set. What has come counts before silence does. */
  step(nowMs: number): void {
    for (const { listener, slot } of this.#listeners.values())
      if (this.#poll.ready(slot)) this.#hear(listener, nowMs);
    if (this.#listenAgainMs <= nowMs) this.#listen(nowMs);
    if (nextBfdDeadlineMs(this.#speaker) <= nowMs) this.#perform(expireBfd(this.#speaker, nowMs));
  }

  close(nowMs: number): void {
    this.configure([], nowMs);
  }

  #hear(listener: BfdListener, nowMs: number): void {
    for (let n = 0; n < PACKETS_PER_ROUND; n++) {
      const datagram = listener.receive();
      if (datagram === undefined) return;
      this.#perform(hearBfd(this.#speaker, datagram, nowMs));
    }
  }
  #perform(actions: readonly BfdAction[]): void {
    for (const action of actions) {
      if (action.do === 'verdict') this.#tell(action);
      // That a neighbour cannot be reached is what the session is there to find: it hears nothing.
      else this.#senderOf(action.settings)?.send(action.packet);
    }
  }
  #senderOf(settings: BfdSettings): BfdSender | undefined {
    const known = this.#senders.get(settings);
    if (known) return known;
    const sender = this.#open(`BFD of ${settings.name}`, () => new BfdSender(settings));
    if (sender) this.#senders.set(settings, sender);
    return sender;
  }
  /** A source address that is not here, or a port that bird or FRR holds, leaves the session down. */
  #open<Socket>(what: string, open: () => Socket): Socket | undefined {
    try {
      const opened = open();
      if (this.#refused.delete(what)) this.#say({ event: 'bfd.socket.opened', message: `${what} goes on` });
      return opened;
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (this.#refused.get(what) === error.errno) return undefined;
      this.#refused.set(what, error.errno);
      const message = `${what} is not possible (${error.errno}): sessions stay down until it is`;
      const hint = HINTS[error.errno];
      const fields = { errno: error.errno, ...(hint === undefined ? {} : { hint }) };
      this.#say({ event: 'bfd.socket.refused', message, fields });
      return undefined;
    }
  }
  #listen(nowMs: number): void {
    this.#listenAgainMs = Number.POSITIVE_INFINITY;
    const wanted = new Map(
      this.#settings.map((own) => {
        const family = familyOf(own.neighbour);
        return [`${family} ${own.multihop}`, { family, multihop: own.multihop }];
      }),
    );
    for (const [key, { listener }] of this.#listeners) {
      if (wanted.has(key)) continue;
      this.#poll.remove(listener.fd);
      listener.close();
      this.#listeners.delete(key);
    }
    for (const [key, { family, multihop }] of wanted) {
      if (this.#listeners.has(key)) continue;
      const what = `listening for ${multihop ? 'multihop ' : ''}BFD over IPv${family}`;
      const listener = this.#open(what, () => new BfdListener(family, multihop));
      if (listener) this.#listeners.set(key, { listener, slot: this.#poll.add(listener.fd) });
      else this.#listenAgainMs = nowMs + LISTEN_AGAIN_MS;
    }
  }
}
