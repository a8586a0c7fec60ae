// Orders for real servers as frames of the stream: what the operator said on one director, for the other one.
// Both frames may be left out by who does not know them. What is told of an order is all there is to it, so
// it may come twice, or in another order than it was given: its stamp says which one is the later.
//
// orders: serial (32 bits), clock (64), number (16), and of each: kind (8), flags (8), stamp (64), by (32),
// value (48), length and name of the service, length and name of the server (8 bits each, UTF-8).
// held: serial (32), number (16), and of each the two names.

import { CLOCK_MAX, readStamp, writeStamp } from './stamp.ts';

/** Service and server, as the weights know them. */
export type OrderName = { pool: string; server: string };
type WireOrder =
  | { is: 'ready' }
  /** `leftMs`: until its deadline; undefined = none. `isOver`: who serves has no connection of it left. */
  | { is: 'drain'; leftMs?: number; expiresTemplates: boolean; isOver?: true }
  | { is: 'maint' }
  | { is: 'weight'; weight: number };
export type ToldOrder = OrderName & {
  order: WireOrder;
  /** The later one counts; of two equal ones that of the higher `by`. */
  stamp: number;
  by: number;
  /** The file of who tells it has that server. */
  isKnown: boolean;
};
/** `clock`: no stamp of the teller's is later. */
export type OrdersFrame = { type: 'orders'; serial: number; clock: number; orders: readonly ToldOrder[] };
/** All of the frame of that serial is in force, but for servers that are not in the file. */
export type HeldFrame = { type: 'held'; serial: number; unknown: readonly OrderName[] };

/** With the longest names: a frame of so many is shorter than the longest frame. */
export const ORDERS_PER_FRAME = 100;
const NAME_MAX = 255;
const KINDS = ['ready', 'drain', 'maint', 'weight'] as const;
const FLAG = { known: 1, expiresTemplates: 2, deadline: 4, over: 8 } as const;
const WEIGHT_MAX = 65_535;
/** The longest duration there is: 8,900 years. */
const LEFT_MAX = 2 ** 48 - 1;
export const ORDERS_HEAD = 14;
export const HELD_HEAD = 6;
const AT = { kind: 0, flags: 1, stamp: 2, by: 10, value: 14, names: 20 } as const;
/** Names go into a log. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffd]/;

/** A name of another kind is not told. */
export function isTellable({ pool, server }: OrderName): boolean {
  return [pool, server].every(
    (name) => name !== '' && Buffer.byteLength(name) <= NAME_MAX && !UNFIT.test(name),
  );
}

export function ordersBody({ serial, clock, orders }: OrdersFrame): Buffer {
  const head = Buffer.alloc(ORDERS_HEAD);
  head.writeUInt32BE(serial);
  writeStamp(clock, head, 4);
  head.writeUInt16BE(orders.length, 12);
  return Buffer.concat([head, ...orders.map(orderBytes)]);
}

function orderBytes({ order, stamp, by, isKnown, ...name }: ToldOrder): Buffer {
  const bytes = Buffer.alloc(AT.names);
  bytes[AT.kind] = KINDS.indexOf(order.is);
  writeStamp(stamp, bytes, AT.stamp);
  bytes.writeUInt32BE(by, AT.by);
  let flags = isKnown ? FLAG.known : 0;
  if (order.is === 'weight') bytes.writeUIntBE(order.weight, AT.value, 6);
  if (order.is === 'drain') {
    if (order.expiresTemplates) flags |= FLAG.expiresTemplates;
    if (order.isOver) flags |= FLAG.over;
    if (order.leftMs !== undefined) flags |= FLAG.deadline;
    bytes.writeUIntBE(Math.min(LEFT_MAX, Math.ceil(order.leftMs ?? 0)), AT.value, 6);
  }
  bytes[AT.flags] = flags;
  return Buffer.concat([bytes, nameBytes(name)]);
}

function nameBytes({ pool, server }: OrderName): Buffer {
  const parts = [pool, server].map((name) => Buffer.from(name));
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length]), part]));
}

export function heldBody({ serial, unknown }: HeldFrame): Buffer {
  const head = Buffer.alloc(HELD_HEAD);
  head.writeUInt32BE(serial);
  head.writeUInt16BE(unknown.length, 4);
  return Buffer.concat([head, ...unknown.map(nameBytes)]);
}

/** Undefined: nothing that one of ours would say. `body` is no shorter than the head. */
export function decodeOrders(body: Buffer): OrdersFrame | undefined {
  const clock = readStamp(body, 4);
  const count = body.readUInt16BE(12);
  if (clock > CLOCK_MAX || count > ORDERS_PER_FRAME) return undefined;
  const orders: ToldOrder[] = [];
  for (let at = ORDERS_HEAD; orders.length < count; ) {
    const read = body.length < at + AT.names ? undefined : readName(body, at + AT.names);
    const order = read && readOrder(body.subarray(at, at + AT.names));
    if (read === undefined || order === undefined || order.stamp > clock) return undefined;
    orders.push({ ...read.name, ...order });
    at = read.end;
  }
  return { type: 'orders', serial: body.readUInt32BE(0), clock, orders };
}

function readOrder(bytes: Buffer): Omit<ToldOrder, keyof OrderName> | undefined {
  const flags = bytes[AT.flags]!;
  const value = bytes.readUIntBE(AT.value, 6);
  const stamped = {
    stamp: readStamp(bytes, AT.stamp),
    by: bytes.readUInt32BE(AT.by),
    isKnown: (flags & FLAG.known) !== 0,
  };
  const is = KINDS[bytes[AT.kind]!];
  switch (is) {
    case 'ready':
    case 'maint':
      return { order: { is }, ...stamped };
    case 'weight':
      return value > WEIGHT_MAX ? undefined : { order: { is, weight: value }, ...stamped };
    case 'drain': {
      const expiresTemplates = (flags & FLAG.expiresTemplates) !== 0;
      const left = (flags & FLAG.deadline) === 0 ? {} : { leftMs: value };
      const over = (flags & FLAG.over) === 0 ? {} : { isOver: true as const };
      return { order: { is, ...left, expiresTemplates, ...over }, ...stamped };
    }
    default:
      return undefined;
  }
}

export function decodeHeld(body: Buffer): HeldFrame | undefined {
  const count = body.readUInt16BE(4);
  if (count > ORDERS_PER_FRAME) return undefined;
  const unknown: OrderName[] = [];
  for (let at = HELD_HEAD; unknown.length < count; ) {
    const read = readName(body, at);
    if (read === undefined) return undefined;
    unknown.push(read.name);
    at = read.end;
  }
  return { type: 'held', serial: body.readUInt32BE(0), unknown };
}

function readName(body: Buffer, at: number): { name: OrderName; end: number } | undefined {
  const serverAt = at + 1 + (body[at] ?? 0);
  const end = serverAt + 1 + (body[serverAt] ?? 0);
  if (end > body.length) return undefined;
  const name = {
    pool: body.toString('utf8', at + 1, serverAt),
    server: body.toString('utf8', serverAt + 1, end),
  };
  return isTellable(name) ? { name, end } : undefined;
}
