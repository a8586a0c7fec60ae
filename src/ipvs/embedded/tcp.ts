// What IPVS believes about a TCP connection from the flags it sees pass: its state table. A
// pure table; it checks no sequence numbers, and a director that forwards only one direction (DR) sees only
// half of the story.
import { TCP_FLAG } from './frame.ts';

/** Numbers of <net/ip_vs.h>, also in sync datagrams. */
export const TCP_STATE = {
  none: 0,
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait: 4,
  timeWait: 5,
  close: 6,
  closeWait: 7,
  lastAck: 8,
  listen: 9,
  synAck: 10,
} as const;
export const TCP_STATES = 11;

/** `inputOnly`: replies do not pass through here, so a FIN from the client must be taken for both. */
export const DIRECTION = { input: 0, output: 1, inputOnly: 2 } as const;

// ip_vs_proto_tcp.c, tcp_states. Columns: state before (NO ES SS SR FW TW CL CW LA LI SA); letters: state
// after, below.
const LETTERS = 'NESRFTCWLIA';
const TRANSITIONS = [
  // input: syn, fin, ack, rst
  'REERRRRRRRR',
  'CWSTTTCWLIT',
  'EESEFTCWCIE',
  'CCCRCCCCLIR',
  // output
  'SESRSSSSSIR',
  'TFSTFTCTLIT',
  'EESEFTCWLEE',
  'CCSCCTCCCCC',
  // input only
  'REERRRRRRRR',
  'CFSTFTCWLIT',
  'EESEFTCWCIE',
  'CCCRCCCCLIC',
];
const FLAG_ROWS = 4;
const TABLE = Uint8Array.from(TRANSITIONS.join(''), (letter) => LETTERS.indexOf(letter));

/** In place of flags: what passed is no segment with a header of its own, and changes no state. */
export const NO_SEGMENT = -1;

/** A segment without SYN, FIN, RST and ACK closes, as in the kernel. */
export function nextTcpState(state: number, direction: number, flags: number): number {
  if (flags === NO_SEGMENT) return state;
  let row = 0;
  if ((flags & TCP_FLAG.rst) !== 0) row = 3;
  else if ((flags & TCP_FLAG.syn) !== 0) row = 0;
  else if ((flags & TCP_FLAG.fin) !== 0) row = 1;
  else if ((flags & TCP_FLAG.ack) !== 0) row = 2;
  else return TCP_STATE.close;
  return TABLE[(direction * FLAG_ROWS + row) * TCP_STATES + state]!;
}

/** States that count as an active connection of a server: those that are open, or about to be. */
const ACTIVE =
  (1 << TCP_STATE.established) |
  (1 << TCP_STATE.synSent) |
  (1 << TCP_STATE.synRecv) |
  (1 << TCP_STATE.synAck);
export function isTcpStateActive(state: number): boolean {
  return (ACTIVE & (1 << state)) !== 0;
}

/**
 * States whose entering a kernel master tells its backup: a SYN is retried anyway, so the opening ones are
 * not worth it.
 */
const SYNCED =
  (1 << TCP_STATE.established) |
  (1 << TCP_STATE.finWait) |
  (1 << TCP_STATE.timeWait) |
  (1 << TCP_STATE.close) |
  (1 << TCP_STATE.closeWait);
export function isTcpStateSynced(state: number): boolean {
  return (SYNCED & (1 << state)) !== 0;
}
