// One BFD session in asynchronous mode (RFC 5880 §6.8): whether the neighbour is there, told within a few
// missed packets. Pure: an event in, the next session and a list of effects out. No echo, no demand mode,
// no authentication, as in keepalived.
//
// Theory of operation: each side says its state and how fast it can send and hear; a side sends as fast as
// both allow, and calls the other one down when it hears nothing for the other's multiplier times the
// interval agreed upon. Up takes three packets: down → init → up. While not up, neither sends faster than
// once a second (`idleTxMs`); whoever changes its interval while up says so with `poll`, until a `final`
// answers.
import type { Random } from '../../core/time.ts';
import { type ControlPacket, DIAGNOSTIC, type SessionState } from './packet.ts';

export type SessionSettings = {
  /** Not 0, and of one session only. */
  discriminator: number;
  minTxMs: number;
  minRxMs: number;
  idleTxMs: number;
  multiplier: number;
  /** Says nothing before the neighbour does. */
  passive: boolean;
};
export type Session = {
  state: SessionState;
  diagnostic: number;
  /** We changed an interval and wait for the neighbour's `final`. */
  polling: boolean;
  neighbour: {
    discriminator: number;
    state: SessionState;
    desiredMinTxMs: number;
    requiredMinRxMs: number;
    multiplier: number;
  };
};
export type SessionTimer = 'transmit' | 'detect';
export type SessionEvent =
  | { type: 'start' }
  | { type: 'heard'; packet: ControlPacket }
  | { type: 'expired'; timer: SessionTimer }
  | { type: 'stop' };
export type SessionEffect =
  | { do: 'send'; packet: ControlPacket }
  | { do: 'arm'; timer: SessionTimer; ms: number }
  | { do: 'disarm'; timer: SessionTimer }
  | { do: 'became'; state: SessionState; diagnostic: number };
type Step = [Session, SessionEffect[]];

/** RFC 5880 §6.8.1: before anything was heard, a neighbour is taken to hear anything. */
const NOBODY: Session['neighbour'] = {
  discriminator: 0,
  state: 'down',
  desiredMinTxMs: 0,
  requiredMinRxMs: 0.001,
  multiplier: 0,
};
export const NEW_SESSION: Session = {
  state: 'down',
  diagnostic: DIAGNOSTIC.none,
  polling: false,
  neighbour: NOBODY,
};
const US_PER_MS = 1000;

export function stepSession(
  session: Session,
  event: SessionEvent,
  own: SessionSettings,
  random: Random,
): Step {
  switch (event.type) {
    case 'start':
      return [session, own.passive ? [] : transmit(session, own, random)];
    case 'heard':
      return hear(session, event.packet, own, random);
    case 'expired':
      if (event.timer === 'transmit') return [session, transmit(session, own, random)];
      return loseNeighbour(session, own, random);
    case 'stop': {
      const stopped: Session = {
        ...session,
        state: 'adminDown',
        diagnostic: DIAGNOSTIC.administrativelyDown,
      };
      const last: SessionEffect[] =
        session.neighbour.discriminator === 0 ? [] : [{ do: 'send', packet: packetOf(stopped, own) }];
      return [stopped, [...last, { do: 'disarm', timer: 'transmit' }, { do: 'disarm', timer: 'detect' }]];
    }
  }
}

function loseNeighbour(session: Session, own: SessionSettings, random: Random): Step {
  const alone = { ...session, neighbour: NOBODY };
  if (session.state === 'down') return [alone, []];
  return become('down', DIAGNOSTIC.detectionTimeExpired, alone, own, random);
}

/** Detection time of RFC 5880 §6.8.4, in asynchronous mode. */
export function detectionMs({ neighbour }: Session, own: SessionSettings): number {
  return neighbour.multiplier * Math.max(own.minRxMs, neighbour.desiredMinTxMs);
}

function hear(session: Session, packet: ControlPacket, own: SessionSettings, random: Random): Step {
  if (session.state === 'adminDown') return [session, []];
  const before = intervalMs(session, own);
  const heard: Session = {
    ...session,
    polling: session.polling && !packet.final,
    neighbour: {
      discriminator: packet.myDiscriminator,
      state: packet.state,
      desiredMinTxMs: packet.desiredMinTxUs / US_PER_MS,
      requiredMinRxMs: packet.requiredMinRxUs / US_PER_MS,
      multiplier: packet.detectMultiplier,
    },
  };
  const [state, diagnostic] = verdict(session.state, packet.state);
  const [next, effects] =
    state === session.state ? ([heard, []] as Step) : become(state, diagnostic, heard, own, random);
  const all: SessionEffect[] = [...effects, { do: 'arm', timer: 'detect', ms: detectionMs(next, own) }];
  if (packet.poll) all.push({ do: 'send', packet: { ...packetOf(next, own), poll: false, final: true } });
  // The neighbour hears slower or faster than before, or a passive side may speak now.
  if (state === session.state && (intervalMs(next, own) !== before || isFirst(session)))
    all.push(...transmit(next, own, random));
  return [next, all];
}

/** The table of RFC 5880 §6.8.6. */
function verdict(own: SessionState, heard: SessionState): [SessionState, number] {
  if (heard === 'adminDown') return ['down', DIAGNOSTIC.neighbourSaidDown];
  if (own === 'down' && heard === 'down') return ['init', DIAGNOSTIC.none];
  if (own === 'down' && heard === 'init') return ['up', DIAGNOSTIC.none];
  if (own === 'init' && heard !== 'down') return ['up', DIAGNOSTIC.none];
  if (own === 'up' && heard === 'down') return ['down', DIAGNOSTIC.neighbourSaidDown];
  return [own, DIAGNOSTIC.none];
}

/** Told at once: the neighbour need not wait for our next beat. */
function become(
  state: SessionState,
  diagnostic: number,
  session: Session,
  own: SessionSettings,
  random: Random,
): Step {
  const next: Session = { ...session, state, diagnostic, polling: state === 'up' };
  return [next, [{ do: 'became', state, diagnostic }, ...transmit(next, own, random)]];
}

function transmit(session: Session, own: SessionSettings, random: Random): SessionEffect[] {
  const isSilent = own.passive && session.neighbour.discriminator === 0;
  // Not a packet more than the neighbour wants.
  if (isSilent || session.neighbour.requiredMinRxMs === 0) return [{ do: 'disarm', timer: 'transmit' }];
  return [
    { do: 'send', packet: packetOf(session, own) },
    { do: 'arm', timer: 'transmit', ms: intervalMs(session, own) * jitter(own, random) },
  ];
}

function intervalMs(session: Session, own: SessionSettings): number {
  return Math.max(desiredMinTxMs(session, own), session.neighbour.requiredMinRxMs);
}

/** RFC 5880 §6.8.3: not below a second while the session is not up. */
function desiredMinTxMs(session: Session, own: SessionSettings): number {
  return session.state === 'up' ? own.minTxMs : Math.max(own.idleTxMs, own.minTxMs);
}

/** RFC 5880 §6.8.7: 75 to 100 % of the interval; with a multiplier of 1 at most 90 %. */
function jitter({ multiplier }: SessionSettings, random: Random): number {
  return 0.75 + random() * (multiplier === 1 ? 0.15 : 0.25);
}

function isFirst({ neighbour }: Session): boolean {
  return neighbour.discriminator === 0;
}

function packetOf(session: Session, own: SessionSettings): ControlPacket {
  return {
    diagnostic: session.diagnostic,
    state: session.state,
    poll: session.polling,
    final: false,
    detectMultiplier: own.multiplier,
    myDiscriminator: own.discriminator,
    yourDiscriminator: session.neighbour.discriminator,
    desiredMinTxUs: desiredMinTxMs(session, own) * US_PER_MS,
    requiredMinRxUs: own.minRxMs * US_PER_MS,
  };
}
