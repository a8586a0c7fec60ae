// Frames of the stream between two balancers (docs/sync.md): values to bytes and back, and a reader that cuts
// them out of what a connection brings. The connection is TLS: order, integrity and secrecy are its business;
// what is looked at here is whether the peer keeps to the format. Who does not is not heard any further.
//
// A frame is its length (32 bits, of what follows), its type (8 bits) and its body; all integers are
// big-endian. Versions of a table and sums take 48 bits. A body may be longer than this version knows, and
// types from 128 on may be left out by who does not know them.
import {
  decodeHeld,
  decodeOrders,
  HELD_HEAD,
  type HeldFrame,
  heldBody,
  ORDERS_HEAD,
  type OrdersFrame,
  ordersBody,
} from './orders.ts';
import { CLOCK_MAX, readStamp, STAMP_BYTES, writeStamp } from './stamp.ts';

export const STREAM_VERSION = 1;
const MAGIC = 'LVSD';
const LENGTH_BYTES = 4;
/** More than a whole datagram; a hello is all that is heard of a peer that has not said it. */
export const FRAME_MAX = 65_536;
const HELLO_MAX = 256;
const OPTIONAL_TYPE = 128;
const BOOT_ID_BYTES = 16;
const UINT48 = 6;
/** Where stamps begin, after a version and their number. */
const ENTRIES_AT = UINT48 + 1;

export type Engine = 'kernel' | 'embedded';
const ENGINES: readonly Engine[] = ['kernel', 'embedded'];
export type Hello = {
  /** Of the life of the sender's shadow table, 32 hexadecimal digits: another one knows nothing. */
  bootId: string;
  /** Of the table in that life; another one does not follow from the one before. */
  epoch: number;
  engine: Engine;
  /** Connections its table can hold. */
  capacity: number;
};
export type GoodbyeReason =
  | 'stopping'
  | 'replaced'
  | 'silent'
  | 'counts'
  | 'conflict'
  | 'digest'
  | StreamFault;
export type Frame =
  /** `clock`: no stamp of its table is later. */
  | ({ type: 'hello'; lowest: number; highest: number; clock: number } & Hello)
  /** Tell me of everything that changed after this version of your table. */
  | { type: 'subscribe'; from: number }
  /**
   * `datagram`: of the kernel's format, version 1; `stamps`: one for each of its entries. With it all up to
   * `upTo` has been told.
   */
  | { type: 'entries'; upTo: number; stamps: readonly number[]; datagram: Buffer }
  /** So many entries were told since `subscribe`, of this sum. `complete`: nothing is left to tell. */
  | { type: 'mark'; upTo: number; entries: number; digest: number; complete: boolean }
  /** All up to `upTo` is in the engine, but for `refused` entries since `subscribe`. */
  | { type: 'ack'; upTo: number; refused: number }
  | { type: 'heartbeat'; connections: number }
  | { type: 'goodbye'; reason: string }
  | OrdersFrame
  | HeldFrame;
export type StreamFault =
  | 'oversized'
  | 'unknown-type'
  | 'too-short'
  | 'magic'
  | 'version'
  | 'engine'
  | 'clock'
  | 'not-greeted'
  | 'greeted-twice'
  | 'not-subscribed'
  | 'subscribed-twice'
  | 'unknown-past'
  | 'order'
  | 'datagram'
  | 'orders'
  | 'ack';

const TYPE = {
  hello: 1,
  subscribe: 2,
  entries: 3,
  mark: 4,
  ack: 5,
  heartbeat: 6,
  goodbye: 7,
  orders: 128,
  held: 129,
} as const;
const NAMES = new Map<number, Frame['type']>(
  Object.entries(TYPE).map(([name, type]) => [type, name as Frame['type']]),
);
/** Of the body, bytes. */
const SHORTEST = {
  hello: 39,
  subscribe: 6,
  entries: 7,
  mark: 19,
  ack: 10,
  heartbeat: 4,
  goodbye: 0,
  orders: ORDERS_HEAD,
  held: HELD_HEAD,
} as const;
const HELLO = {
  magic: 0,
  lowest: 4,
  highest: 5,
  engine: 6,
  bootId: 7,
  epoch: 23,
  capacity: 27,
  clock: 31,
} as const;

type Plain = Exclude<Frame, OrdersFrame | HeldFrame>;

export function encodeFrame(frame: Frame): Buffer {
  if (frame.type === 'orders') return framed(frame.type, ordersBody(frame));
  if (frame.type === 'held') return framed(frame.type, heldBody(frame));
  const size = SHORTEST[frame.type] + lengthOfRest(frame);
  const bytes = Buffer.alloc(LENGTH_BYTES + 1 + size);
  bytes.writeUInt32BE(1 + size);
  bytes[LENGTH_BYTES] = TYPE[frame.type];
  writeBody(frame, bytes.subarray(LENGTH_BYTES + 1));
  return bytes;
}

function framed(type: Frame['type'], body: Buffer): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + 1);
  head.writeUInt32BE(1 + body.length);
  head[LENGTH_BYTES] = TYPE[type];
  return Buffer.concat([head, body]);
}

function lengthOfRest(frame: Plain): number {
  if (frame.type === 'entries') return STAMP_BYTES * frame.stamps.length + frame.datagram.length;
  return frame.type === 'goodbye' ? frame.reason.length : 0;
}

function writeBody(frame: Plain, body: Buffer): void {
  switch (frame.type) {
    case 'hello':
      return writeHello(frame, body);
    case 'subscribe':
      return void body.writeUIntBE(frame.from, 0, UINT48);
    case 'entries':
      return writeEntries(frame, body);
    case 'mark':
      body.writeUIntBE(frame.upTo, 0, UINT48);
      body.writeUIntBE(frame.entries, UINT48, UINT48);
      body.writeUIntBE(frame.digest, 2 * UINT48, UINT48);
      return void body.writeUInt8(frame.complete ? 1 : 0, 3 * UINT48);
    case 'ack':
      body.writeUIntBE(frame.upTo, 0, UINT48);
      return void body.writeUInt32BE(frame.refused, UINT48);
    case 'heartbeat':
      return void body.writeUInt32BE(frame.connections);
    case 'goodbye':
      return void body.write(frame.reason, 'latin1');
  }
}

function writeEntries({ upTo, stamps, datagram }: Frame & { type: 'entries' }, body: Buffer): void {
  body.writeUIntBE(upTo, 0, UINT48);
  body[UINT48] = stamps.length;
  stamps.forEach((stamp, index) => {
    writeStamp(stamp, body, ENTRIES_AT + STAMP_BYTES * index);
  });
  body.set(datagram, ENTRIES_AT + STAMP_BYTES * stamps.length);
}

function decodeEntries(body: Buffer): Frame | StreamFault {
  const count = body[UINT48]!;
  const datagramAt = ENTRIES_AT + STAMP_BYTES * count;
  if (body.length < datagramAt) return 'too-short';
  const stamps: number[] = [];
  for (let index = 0; index < count; index++) stamps.push(readStamp(body, ENTRIES_AT + STAMP_BYTES * index));
  const upTo = body.readUIntBE(0, UINT48);
  return { type: 'entries', upTo, stamps, datagram: body.subarray(datagramAt) };
}

function writeHello(hello: Frame & { type: 'hello' }, body: Buffer): void {
  body.write(MAGIC, HELLO.magic, 'latin1');
  body[HELLO.lowest] = hello.lowest;
  body[HELLO.highest] = hello.highest;
  body[HELLO.engine] = ENGINES.indexOf(hello.engine);
  body.write(hello.bootId, HELLO.bootId, BOOT_ID_BYTES, 'hex');
  body.writeUInt32BE(hello.epoch, HELLO.epoch);
  body.writeUInt32BE(hello.capacity, HELLO.capacity);
  writeStamp(hello.clock, body, HELLO.clock);
}

/** `bytes`: type and body. Undefined: to be left out. */
function decodeFrame(bytes: Buffer): Frame | StreamFault | undefined {
  const type = NAMES.get(bytes[0]!);
  if (type === undefined) return bytes[0]! >= OPTIONAL_TYPE ? undefined : 'unknown-type';
  const body = bytes.subarray(1);
  if (body.length < SHORTEST[type]) return 'too-short';
  switch (type) {
    case 'hello':
      return decodeHello(body);
    case 'subscribe':
      return { type, from: body.readUIntBE(0, UINT48) };
    case 'entries':
      return decodeEntries(body);
    case 'mark': {
      const [upTo, entries, digest] = [0, 1, 2].map((index) => body.readUIntBE(index * UINT48, UINT48));
      return { type, upTo: upTo!, entries: entries!, digest: digest!, complete: body[3 * UINT48] !== 0 };
    }
    case 'ack':
      return { type, upTo: body.readUIntBE(0, UINT48), refused: body.readUInt32BE(UINT48) };
    case 'heartbeat':
      return { type, connections: body.readUInt32BE(0) };
    case 'orders':
      return decodeOrders(body) ?? 'orders';
    case 'held':
      return decodeHeld(body) ?? 'orders';
    case 'goodbye':
      // It goes into a log: nothing but what a reason is made of.
      return {
        type,
        reason: body
          .subarray(0, HELLO_MAX)
          .toString('latin1')
          .replaceAll(/[^a-z-]/g, '?'),
      };
  }
}

function decodeHello(body: Buffer): Frame | StreamFault {
  if (body.toString('latin1', HELLO.magic, HELLO.lowest) !== MAGIC) return 'magic';
  const lowest = body[HELLO.lowest]!;
  const highest = body[HELLO.highest]!;
  if (lowest > STREAM_VERSION || highest < STREAM_VERSION) return 'version';
  const engine = ENGINES[body[HELLO.engine]!];
  if (engine === undefined) return 'engine';
  if (readStamp(body, HELLO.clock) > CLOCK_MAX) return 'clock';
  return {
    type: 'hello',
    lowest,
    highest,
    engine,
    bootId: body.toString('hex', HELLO.bootId, HELLO.bootId + BOOT_ID_BYTES),
    epoch: body.readUInt32BE(HELLO.epoch),
    capacity: body.readUInt32BE(HELLO.capacity),
    clock: readStamp(body, HELLO.clock),
  };
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Cuts frames out of a stream of bytes; holds no more than one that is not complete yet. */
export class FrameReader {
  #pending: Buffer = NOTHING;
  #isGreeted = false;

  /** `take` is told of each frame as long as it answers true; the fault ends the stream. */
  read(bytes: Buffer, take: (frame: Frame) => boolean): StreamFault | undefined {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    let at = 0;
    while (all.length - at >= LENGTH_BYTES) {
      const length = all.readUInt32BE(at);
      if (length === 0) return 'too-short';
      if (length > (this.#isGreeted ? FRAME_MAX : HELLO_MAX)) return 'oversized';
      const end = at + LENGTH_BYTES + length;
      if (end > all.length) break;
      const frame = decodeFrame(all.subarray(at + LENGTH_BYTES, end));
      at = end;
      if (frame === undefined) continue;
      if (typeof frame === 'string') return frame;
      if (frame.type === 'hello') this.#isGreeted = true;
      if (!take(frame)) return undefined;
    }
    // A copy: what is left is small, and would hold on to all that came with it.
    this.#pending = at === all.length ? NOTHING : Buffer.from(all.subarray(at));
    return undefined;
  }
}
