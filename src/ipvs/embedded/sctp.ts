// What IPVS believes about an SCTP association from the chunks it sees pass (ip_vs_proto_sctp.c): its state
// table, and which chunk of a packet counts. A pure table; it looks at no verification tags.
import { PORTS, readU16 } from './frame.ts';
import { NO_SEGMENT } from './tcp.ts';

/** Numbers of <net/ip_vs.h>, also in sync datagrams. */
export const SCTP_STATE = {
  none: 0,
  established: 8,
  shutdownSent: 9,
  shutdownReceived: 10,
  shutdownAckSent: 11,
  closed: 13,
} as const;
export const SCTP_STATES = 14;
/** As people are shown them. */
export const SCTP_NAMES = [
  'NONE',
  'INIT1',
  'INIT',
  'C-SENT',
  'C-REPLIED',
  'C-WAIT',
  'COOKIE',
  'C-ECHOED',
  'ESTABLISHED',
  'S-SENT',
  'S-RECEIVED',
  'S-ACK-SENT',
  'REJECTED',
  'CLOSED',
];
/** Seconds that an association lives in each state without a packet. */
export const SCTP_SECONDS = [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61];

/** Rows of the table. */
export const SCTP_EVENT = { data: 0, init: 1, abort: 9 } as const;
const EVENTS = 10;
/** By chunk type (RFC 9260 §3.2), what it is to the table; later ones are as data. */
const EVENT_OF_CHUNK = Uint8Array.of(0, 1, 2, 0, 0, 0, 9, 5, 6, 8, 3, 4, 0, 0, 7);
const CHUNK = { init: 1, abort: 6, cookieEcho: 10, cookieAck: 11 } as const;
const HEADER_SIZE = 12;
const CHUNK_SIZE = 4;
export const SCTP = { checksum: 8, size: HEADER_SIZE } as const;

/** The event that a packet is, NO_SEGMENT = no chunk is there. Chunks begin behind the header at `at`. */
export function sctpEvent(bytes: Uint8Array, at: number, end: number): number {
  const first = at + HEADER_SIZE;
  if (first + CHUNK_SIZE > end) return NO_SEGMENT;
  const type = bytes[first]!;
  if (type === CHUNK.cookieEcho || type === CHUNK.cookieAck) {
    const length = readU16(bytes, first + PORTS.destination);
    const second = first + ((length + 3) & ~3);
    // Only an abort may follow and mean something else.
    if (length >= CHUNK_SIZE && second + CHUNK_SIZE <= end && bytes[second] === CHUNK.abort) {
      return SCTP_EVENT.abort;
    }
  }
  return EVENT_OF_CHUNK[type] ?? SCTP_EVENT.data;
}

/** May a packet of no known association begin one? Its first chunk tells. `isSloppy`: sloppy_sctp. */
export function mayBeginAssociation(bytes: Uint8Array, at: number, end: number, isSloppy: boolean): boolean {
  const first = at + HEADER_SIZE;
  if (first + CHUNK_SIZE > end) return false;
  const type = bytes[first]!;
  return type === CHUNK.init || (isSloppy && type !== CHUNK.abort);
}

// Columns: state before, by number; letters: state after.
const LETTERS = 'N1ISRWCEAsraJL';
const TRANSITIONS = [
  // input: data, init, init ack, cookie echo, cookie ack, shutdown, its ack, its completion, error, abort
  'A1ISRWCEAsraJL',
  '1IISRWCEAsraII',
  'WWWSRCCEAsraJL',
  'RIIRRWCEAsraJL',
  'A1ISRWCAAsraJL',
  'r1ISRWCErsraJL',
  'LIISRWCEALrLJL',
  'LLLSRWCEAsrLJL',
  'L1ISRWCLAsraJL',
  'LLLLLJLLLLLLLL',
  // output
  'A1ISRWCEAsraJL',
  'WWWWWWWWAWWWWW',
  'SSSSRWCEAsraJL',
  'EEEEEEEEAsraJL',
  'AAAAAAAAAsraJL',
  'ssssssssssraJL',
  'aaaaaWCEAaaaJL',
  'L1ISRWCEAsraJL',
  'LLLLLWCEAsraJL',
  'LJLLLLLLLLLLLL',
  // input only
  'A1ISRACEAsraJL',
  '1IIIIICEAsraII',
  'EEEEEECEAsraJL',
  'AAAAAACEAsraJL',
  'A1IAAWAAAsraJL',
  'r1ISRWCErsraJL',
  'LIISRWCELLrLJL',
  'LLLLLWCEAsLLJL',
  'L1ISRWCEAsraJL',
  'LLLLLJLLLLLLLL',
];
const TABLE = Uint8Array.from(TRANSITIONS.join(''), (letter) => LETTERS.indexOf(letter));

/** `direction`: of tcp.ts's DIRECTION. */
export function nextSctpState(state: number, direction: number, event: number): number {
  if (event === NO_SEGMENT) return state;
  return TABLE[(direction * EVENTS + event) * SCTP_STATES + state]!;
}

/** States whose entering a kernel master tells its backup. */
const SYNCED =
  (1 << SCTP_STATE.established) |
  (1 << SCTP_STATE.shutdownSent) |
  (1 << SCTP_STATE.shutdownReceived) |
  (1 << SCTP_STATE.shutdownAckSent) |
  (1 << SCTP_STATE.closed);
export function isSctpStateSynced(state: number): boolean {
  return (SYNCED & (1 << state)) !== 0;
}
