// Every BFD session of this machine as one: settings, packets and the passing of time in; packets and
// verdicts out, and the one moment at which it wants to be called again. Does nothing itself; mutable, with
// one owner, as the elector is.
import type { Address } from '../../core/address.ts';
import type { Random } from '../../core/time.ts';
import { type BfdDropReason, decodeControl, encodeControl, type SessionState } from './packet.ts';
import {
  NEW_SESSION,
  type Session,
  type SessionEffect,
  type SessionEvent,
  type SessionSettings,
  type SessionTimer,
  stepSession,
} from './session.ts';

/** A `bfd_instance`. */
export type BfdSettings = Omit<SessionSettings, 'discriminator'> & {
  name: string;
  neighbour: Address;
  /** Undefined = the kernel's choice. */
  source?: Address;
  /** TTL or hop limit of what we send. */
  hopLimit: number;
  /** By how much the TTL of what is heard may be below `hopLimit`; 255 = by anything. RFC 5881 §5: not. */
  maxHops: number;
  /** RFC 5883: port 4784 instead of 3784. */
  multihop: boolean;
};
export type BfdAction =
  | { do: 'send'; settings: BfdSettings; packet: Buffer }
  | { do: 'verdict'; name: string; state: SessionState; diagnostic: number };
/** One datagram as it came. */
export type BfdDatagram = { source: Address; hopLimit: number; multihop: boolean; bytes: Buffer };

type Held = {
  settings: BfdSettings;
  own: SessionSettings;
  session: Session;
  deadlines: Map<SessionTimer, number>;
};
export type BfdSpeaker = {
  sessions: Map<string, Held>;
  dropped: Map<BfdDropReason | 'hop-limit' | 'not-a-neighbour', number>;
  random: Random;
};

const ANY_HOPS = 255;
const DISCRIMINATORS = 0xffffffff;

export function createBfdSpeaker(random: Random): BfdSpeaker {
  return { sessions: new Map(), dropped: new Map(), random };
}

/**
 * A session whose settings changed is another one; what did not change is not touched. Gives the verdict of
 * every session: whoever tracks it may be new.
 */
export function configureBfd(
  speaker: BfdSpeaker,
  wanted: readonly BfdSettings[],
  nowMs: number,
): BfdAction[] {
  const names = new Map(wanted.map((settings) => [settings.name, settings]));
  const actions: BfdAction[] = [];
  for (const [name, held] of speaker.sessions) {
    if (JSON.stringify(held.settings) === JSON.stringify(names.get(name))) continue;
    actions.push(...advance(speaker, held, { type: 'stop' }, nowMs));
    speaker.sessions.delete(name);
  }
  for (const settings of wanted) {
    const known = speaker.sessions.get(settings.name);
    if (known !== undefined) {
      actions.push(verdictOf(known));
      continue;
    }
    const own = { ...settings, discriminator: freeDiscriminator(speaker) };
    const held: Held = { settings, own, session: NEW_SESSION, deadlines: new Map() };
    speaker.sessions.set(settings.name, held);
    actions.push(verdictOf(held), ...advance(speaker, held, { type: 'start' }, nowMs));
  }
  return actions;
}

export function hearBfd(speaker: BfdSpeaker, datagram: BfdDatagram, nowMs: number): BfdAction[] {
  const decoded = decodeControl(datagram.bytes);
  if (!decoded.ok) return drop(speaker, decoded.drop);
  const { packet } = decoded;
  const held = [...speaker.sessions.values()].find(
    ({ settings }) => settings.neighbour === datagram.source && settings.multihop === datagram.multihop,
  );
  if (held === undefined) return drop(speaker, 'not-a-neighbour');
  const { hopLimit, maxHops } = held.settings;
  if (maxHops < ANY_HOPS && datagram.hopLimit < hopLimit - maxHops) return drop(speaker, 'hop-limit');
  // It speaks to the session that was here before we started anew, or guesses.
  if (packet.yourDiscriminator !== 0 && packet.yourDiscriminator !== held.own.discriminator)
    return drop(speaker, 'no-session');
  return advance(speaker, held, { type: 'heard', packet }, nowMs);
}

export function expireBfd(speaker: BfdSpeaker, nowMs: number): BfdAction[] {
  const actions: BfdAction[] = [];
  for (const held of speaker.sessions.values())
    for (const [timer, deadlineMs] of [...held.deadlines]) {
      // What has just happened may have put this one off.
      if (deadlineMs > nowMs || held.deadlines.get(timer) !== deadlineMs) continue;
      held.deadlines.delete(timer);
      actions.push(...advance(speaker, held, { type: 'expired', timer }, nowMs));
    }
  return actions;
}

/** On the clock of `nowMs`; infinity when there is no session. */
export function nextBfdDeadlineMs(speaker: BfdSpeaker): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { deadlines } of speaker.sessions.values())
    for (const deadlineMs of deadlines.values()) if (deadlineMs < next) next = deadlineMs;
  return next;
}

function advance(speaker: BfdSpeaker, held: Held, event: SessionEvent, nowMs: number): BfdAction[] {
  const [session, effects] = stepSession(held.session, event, held.own, speaker.random);
  held.session = session;
  return effects.flatMap((effect) => perform(held, effect, nowMs));
}

function perform(held: Held, effect: SessionEffect, nowMs: number): BfdAction[] {
  const { settings, deadlines } = held;
  switch (effect.do) {
    case 'arm':
      deadlines.set(effect.timer, nowMs + effect.ms);
      return [];
    case 'disarm':
      deadlines.delete(effect.timer);
      return [];
    case 'send':
      return [{ do: 'send', settings, packet: encodeControl(effect.packet) }];
    case 'became':
      return [verdictOf(held)];
  }
}

function verdictOf({ settings: { name }, session: { state, diagnostic } }: Held): BfdAction {
  return { do: 'verdict', name, state, diagnostic };
}

function drop(speaker: BfdSpeaker, reason: BfdDropReason | 'hop-limit' | 'not-a-neighbour'): [] {
  speaker.dropped.set(reason, (speaker.dropped.get(reason) ?? 0) + 1);
  return [];
}

function freeDiscriminator({ sessions, random }: BfdSpeaker): number {
  const taken = new Set([...sessions.values()].map(({ own }) => own.discriminator));
  for (;;) {
    const discriminator = 1 + Math.floor(random() * (DISCRIMINATORS - 1));
    if (!taken.has(discriminator)) return discriminator;
  }
}
