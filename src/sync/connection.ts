// One connection to the peer's balancer, as the stream remembers it while it has said nothing false.
import { FrameReader, type Hello } from './frame.ts';
import type { Incoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';
import type { Shadow } from './shadow.ts';

export const HEARTBEAT_MS = 500;
/** A full copy that takes longer is told of. */
export const PROGRESS_MS = 2000;

export type Connection = {
  readonly id: number;
  readonly reader: FrameReader;
  readonly sinceMs: number;
  readonly outgoing: Outgoing;
  /** `clock`: that of its table when it connected; `connections`: at its last heartbeat. */
  peer: { hello: Hello; clock: number; incoming: Incoming; connections: number | undefined } | undefined;
  heardMs: number;
  beatMs: number;
  /** What the peer was told is in our engine. */
  ackedUpTo: number;
  /** How many connections the peer hears of: once it has its copy, when it was last told of all. */
  claimed: number;
  /** Of the last heartbeats, how many said that the peer has other connections than we have. */
  apart: number;
  /** When it is told next how far full copies have come. */
  progressMs: number;
  /** It was said of each direction that it is complete. */
  said: { in: boolean; out: boolean };
};

export function newConnection(id: number, shadow: Shadow, nowMs: number): Connection {
  return {
    id,
    reader: new FrameReader(),
    sinceMs: nowMs,
    outgoing: new Outgoing(shadow),
    peer: undefined,
    heardMs: nowMs,
    beatMs: nowMs + HEARTBEAT_MS,
    ackedUpTo: 0,
    progressMs: nowMs + PROGRESS_MS,
    claimed: 0,
    apart: 0,
    said: { in: false, out: false },
  };
}
