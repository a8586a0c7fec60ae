// Netlink messages: the 16-byte header, datagrams of several messages, acknowledgements. Numbers of
// <linux/netlink.h>. Everything is in host order, which is little-endian on every machine we run on. Does no
// input or output.
import { align, type Decoded, decodeAttributes, schema, text, u32 } from './attributes.ts';

const AT = { length: 0, type: 4, flags: 6, sequence: 8, port: 12 } as const;
export const HEADER_SIZE = 16;
const ERRNO_SIZE = 4;

export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  /** In acknowledgements: the offending header only, and attributes after it. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
  /** In requests that get. */
  DUMP: 0x300,
  /** In requests that make. */
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;

/**
 * What a caller asks of the kernel; the socket adds NLM_F.REQUEST, the sequence and its port. `name` is for
 * error messages.
 */
export type Request = { name: string; type: number; flags: number; payload: Buffer };
export type Message = { type: number; flags: number; sequence: number; port: number; payload: Buffer };
export function messageSize(request: Request): number {
  return align(HEADER_SIZE + request.payload.length);
}

/**
 * Writes one message at `at` and returns where the next one starts. `to` has {@link messageSize} bytes left
 * there.
 */
export function writeMessage(
  request: Request,
  flags: number,
  sequence: number,
  to: Buffer,
  at: number,
): number {
  const end = at + messageSize(request);
  to.writeUInt32LE(HEADER_SIZE + request.payload.length, at + AT.length);
  to.writeUInt16LE(request.type, at + AT.type);
  to.writeUInt16LE(request.flags | flags | NLM_F.REQUEST, at + AT.flags);
  to.writeUInt32LE(sequence, at + AT.sequence);
  to.writeUInt32LE(0, at + AT.port);
  request.payload.copy(to, at + HEADER_SIZE);
  to.fill(0, at + HEADER_SIZE + request.payload.length, end);
  return end;
}

/**
 * The messages of one datagram, in order; payloads are views of it. One bad length makes the rest unreadable:
 * all is dropped.
 */
export function splitMessages(datagram: Buffer): Decoded<Message[]> {
  const messages: Message[] = [];
  let at = 0;
  while (at < datagram.length) {
    if (datagram.length - at < HEADER_SIZE) return { ok: false, drop: 'message-truncated' };
    const length = datagram.readUInt32LE(at + AT.length);
    if (length < HEADER_SIZE) return { ok: false, drop: 'message-bad-length' };
    if (length > datagram.length - at) return { ok: false, drop: 'message-truncated' };
    messages.push({
      type: datagram.readUInt16LE(at + AT.type),
      flags: datagram.readUInt16LE(at + AT.flags),
      sequence: datagram.readUInt32LE(at + AT.sequence),
      port: datagram.readUInt32LE(at + AT.port),
      payload: datagram.subarray(at + HEADER_SIZE, at + length),
    });
    at += align(length);
  }
  return { ok: true, value: messages };
}

// enum nlmsgerr_attrs: what the kernel says in words, when the socket asked for it (NETLINK_EXT_ACK).
const EXTENDED = schema({ message: { id: 1, kind: text }, offset: { id: 2, kind: u32 } });

/** `errno` 0 means done. `explanation` is the kernel's own sentence, where it has one. */
export type Acknowledgement = { errno: number; explanation?: string };

/**
 * Of an NLMSG.ERROR message, which is also how success is told; or of NLMSG.DONE, which may carry an error
 * too.
 */
export function decodeAcknowledgement(message: Message): Decoded<Acknowledgement> {
  const { payload } = message;
  if (payload.length < ERRNO_SIZE) {
    // Old kernels end a dump without an error number.
    return message.type === NLMSG.DONE
      ? { ok: true, value: { errno: 0 } }
      : { ok: false, drop: 'header-truncated' };
  }
  const errno = 0 - payload.readInt32LE(0); // not `-`, which makes −0 of success
  if ((message.flags & NLM_F.ACK_TLVS) === 0) return { ok: true, value: { errno } };
  const extended = decodeAttributes(EXTENDED, payload.subarray(extendedAt(message)));
  const explanation = extended.ok ? extended.value.message : undefined;
  return { ok: true, value: explanation === undefined ? { errno } : { errno, explanation } };
}

function extendedAt(message: Message): number {
  if (message.type === NLMSG.DONE) return ERRNO_SIZE;
  if ((message.flags & NLM_F.CAPPED) !== 0) return ERRNO_SIZE + HEADER_SIZE;
  // Without CAPPED the whole offending message is repeated before the attributes.
  if (message.payload.length < ERRNO_SIZE + HEADER_SIZE) return message.payload.length;
  return ERRNO_SIZE + align(message.payload.readUInt32LE(ERRNO_SIZE + AT.length));
}
