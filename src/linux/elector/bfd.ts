// BFD in the elector thread: its sockets are waited for with the others, its verdicts go to the elector as
// those of any tracker. Decides nothing: that is src/vrrp/bfd.
import { familyOf } from '../../core/address.ts';
import {
  type BfdAction,
  type BfdSettings,
  configureBfd,
  createBfdSpeaker,
  expireBfd,
  hearBfd,
  nextBfdDeadlineMs,
} from '../../vrrp/bfd/speaker.ts';
import type { PollSet } from '../poll.ts';
import { BfdListener, BfdSender } from './bfd-sockets.ts';

export type SessionVerdict = Extract<BfdAction, { do: 'verdict' }>;
/** A flood on one socket must not keep adverts from being sent. */
const PACKETS_PER_ROUND = 64;

export class Bfd {
  readonly #speaker = createBfdSpeaker(Math.random);
  readonly #listeners = new Map<string, { listener: BfdListener; slot: number }>();
  /** By the settings that a session holds on to: those of another session are another object. */
  readonly #senders = new Map<BfdSettings, BfdSender>();
  readonly #poll: PollSet;
  readonly #tell: (verdict: SessionVerdict) => void;

  constructor(poll: PollSet, tell: (verdict: SessionVerdict) => void) {
    this.#poll = poll;
    this.#tell = tell;
  }

  get nextDeadlineMs(): number {
    return nextBfdDeadlineMs(this.#speaker);
  }

  configure(settings: readonly BfdSettings[], nowMs: number): void {
    this.#listen(settings);
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
    if (this.nextDeadlineMs <= nowMs) this.#perform(expireBfd(this.#speaker, nowMs));
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
      else this.#senderOf(action.settings).send(action.packet);
    }
  }
  #senderOf(settings: BfdSettings): BfdSender {
    const known = this.#senders.get(settings);
    if (known) return known;
    const sender = new BfdSender(settings);
    this.#senders.set(settings, sender);
    return sender;
  }
  #listen(settings: readonly BfdSettings[]): void {
    const wanted = new Map(
      settings.map((own) => {
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
      const listener = new BfdListener(family, multihop);
      this.#listeners.set(key, { listener, slot: this.#poll.add(listener.fd) });
    }
  }
}
