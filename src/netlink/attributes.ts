// Netlink attributes (struct nlattr): one schema object gives the encoder, the decoder and the TypeScript
// type.
//
// A schema is a table from our names to the kernel's attribute numbers and kinds. Unknown numbers are passed
// over, because newer kernels add attributes; a known one with an impossible payload drops the whole message.
// Encoding measures first and then writes into one Buffer, so a table of thousands of services costs one
// allocation a message.
import assert from 'node:assert';
import { type Address, addressBytes, addressFromBytes, familyOf } from '../core/address.ts';

const AT = { length: 0, type: 2 } as const;
const HEADER_SIZE = 4;
const NLA_F_NESTED = 0x8000;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

/** Why bytes were given up: log field, metric label and test expectation at once. */
export type NetlinkDrop =
  | 'message-truncated'
  | 'message-bad-length'
  | 'header-truncated'
  | 'attribute-truncated'
  | 'attribute-bad-value'
  | 'attribute-missing'
  | 'unexpected-type';
export type Decoded<T> = { ok: true; value: T } | { ok: false; drop: NetlinkDrop };

/** Netlink pads messages and attributes to 4 bytes. */
export function align(size: number): number {
  return (size + 3) & ~3;
}

/**
 * How one attribute's payload is read and written. `read` gives undefined when the payload cannot be one of
 * this kind.
 */
export type Kind<T> = {
  nested?: true;
  size(value: T): number;
  write(value: T, to: Buffer, at: number): void;
  read(payload: Buffer): T | undefined;
};
export type Fields = Readonly<Record<string, { id: number; kind: Kind<unknown> }>>;
type Entry = { name: string; id: number; kind: Kind<unknown> };
export type Schema<F extends Fields> = {
  entries: readonly Entry[];
  byId: readonly (Entry | undefined)[];
  fields?: F;
};
type ValueOf<K> = K extends Kind<infer T> ? T : never;
/** Attributes that may be there, as a schema names them. */
export type Values<F extends Fields> = { -readonly [K in keyof F]?: ValueOf<F[K]['kind']> | undefined };
export type ValuesOf<S> = S extends Schema<infer F> ? Values<F> : never;

export function schema<const F extends Fields>(fields: F): Schema<F> {
  const entries = Object.entries(fields).map(([name, { id, kind }]) => ({ name, id, kind }));
  const byId: (Entry | undefined)[] = [];
  for (const entry of entries) {
    assert.equal(byId[entry.id], undefined, `attribute ${entry.id} is in the schema twice`);
    byId[entry.id] = entry;
  }
  return { entries, byId };
}

export function attributesSize<F extends Fields>(of: Schema<F>, values: Values<F>): number {
  let size = 0;
  for (const { name, kind } of of.entries) {
    const value = values[name];
    if (value !== undefined) size += align(HEADER_SIZE + kind.size(value));
  }
  return size;
}

/** Writes the attributes in the schema's order and returns the end. `to` is zeroed there and long enough. */
export function writeAttributes<F extends Fields>(
  of: Schema<F>,
  values: Values<F>,
  to: Buffer,
  start: number,
): number {
  let at = start;
  for (const { name, id, kind } of of.entries) {
    const value = values[name];
    if (value === undefined) continue;
    const length = HEADER_SIZE + kind.size(value);
    to.writeUInt16LE(length, at + AT.length);
    to.writeUInt16LE(kind.nested ? id | NLA_F_NESTED : id, at + AT.type);
    kind.write(value, to, at + HEADER_SIZE);
    at += align(length);
  }
  return at;
}

/** From Node's pool, where `Buffer.alloc` asks for memory each time: there are thousands of them at once. */
export function zeroedBytes(length: number): Buffer {
  return Buffer.allocUnsafe(length).fill(0);
}

/** Attributes behind `headerSize` zero bytes that the caller fills: the payload of a whole message. */
export function encodeAttributes<F extends Fields>(of: Schema<F>, values: Values<F>, headerSize = 0): Buffer {
  const payload = zeroedBytes(headerSize + attributesSize(of, values));
  writeAttributes(of, values, payload, headerSize);
  return payload;
}

export function decodeAttributes<F extends Fields>(of: Schema<F>, bytes: Buffer): Decoded<Values<F>> {
  const values: Record<string, unknown> = {};
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER_SIZE) return { ok: false, drop: 'attribute-truncated' };
    const length = bytes.readUInt16LE(at + AT.length);
    if (length < HEADER_SIZE || length > bytes.length - at) return { ok: false, drop: 'attribute-truncated' };
    const known = of.byId[bytes.readUInt16LE(at + AT.type) & TYPE_MASK];
    if (known) {
      const value = known.kind.read(bytes.subarray(at + HEADER_SIZE, at + length));
      if (value === undefined) return { ok: false, drop: 'attribute-bad-value' };
      values[known.name] = value;
    }
    at += align(length);
  }
  return { ok: true, value: values as Values<F> };
}

/** A number of fixed size. The kernel takes a payload longer than the number; so do we. */
function fixed<T>(
  size: number,
  write: (value: T, to: Buffer, at: number) => void,
  read: (payload: Buffer) => T,
): Kind<T> {
  return { size: () => size, write, read: (payload) => (payload.length < size ? undefined : read(payload)) };
}

export const u8: Kind<number> = fixed(
  1,
  (v, to, at) => to.writeUInt8(v, at),
  (b) => b.readUInt8(0),
);
export const u16: Kind<number> = fixed(
  2,
  (v, to, at) => to.writeUInt16LE(v, at),
  (b) => b.readUInt16LE(0),
);
export const u32: Kind<number> = fixed(
  4,
  (v, to, at) => to.writeUInt32LE(v, at),
  (b) => b.readUInt32LE(0),
);
export const i32: Kind<number> = fixed(
  4,
  (v, to, at) => to.writeInt32LE(v, at),
  (b) => b.readInt32LE(0),
);
export const u64: Kind<bigint> = fixed(
  8,
  (v, to, at) => to.writeBigUInt64LE(v, at),
  (b) => b.readBigUInt64LE(0),
);
/** In network order: ports. */
export const u16be: Kind<number> = fixed(
  2,
  (v, to, at) => to.writeUInt16BE(v, at),
  (b) => b.readUInt16BE(0),
);
export const u32be: Kind<number> = fixed(
  4,
  (v, to, at) => to.writeUInt32BE(v, at),
  (b) => b.readUInt32BE(0),
);

/** There or not there, without payload. Only `true` is written: leave the value out for no. */
export const flag: Kind<true> = { size: () => 0, write: () => {}, read: () => true };

export const bytes: Kind<Buffer> = {
  size: (value) => value.length,
  write: (value, to, at) => to.set(value, at),
  read: (payload) => Buffer.from(payload),
};

/** Attributes that are encoded elsewhere. */
export const nestedBytes: Kind<Buffer> = { ...bytes, nested: true };

/**
 * A name that ends with a zero byte: interfaces, schedulers, families. Latin-1, as the kernel never looks
 * into it.
 */
export const text: Kind<string> = {
  size: (value) => value.length + 1,
  write: (value, to, at) => to.write(value, at, 'latin1'),
  read: (payload) => {
    const end = payload.indexOf(0);
    return payload.toString('latin1', 0, end === -1 ? payload.length : end);
  },
};

/** 4 or 16 bytes; the length says which family. */
export const inetAddress: Kind<Address> = {
  size: (value) => (familyOf(value) === 4 ? 4 : 16),
  write: (value, to, at) => to.set(addressBytes(value), at),
  read: (payload) => (payload.length === 4 || payload.length === 16 ? addressFromBytes(payload) : undefined),
};

export function nested<F extends Fields>(inner: Schema<F>): Kind<Values<F>> {
  return {
    nested: true,
    size: (values) => attributesSize(inner, values),
    write: (values, to, at) => writeAttributes(inner, values, to, at),
    read: (payload) => {
      const decoded = decodeAttributes(inner, payload);
      return decoded.ok ? decoded.value : undefined;
    },
  };
}

/** Attributes numbered 1, 2, 3 … of one kind: the kernel's way to send a list. */
export function list<T>(item: Kind<T>): Kind<T[]> {
  return {
    nested: true,
    size: (values) => values.reduce((size, value) => size + align(HEADER_SIZE + item.size(value)), 0),
    write: (values, to, start) => {
      let at = start;
      for (const [index, value] of values.entries()) {
        const one = schema({ item: { id: index + 1, kind: item } });
        at = writeAttributes(one, { item: value }, to, at);
      }
    },
    read: (payload) => readList(item, payload),
  };
}

function readList<T>(item: Kind<T>, payload: Buffer): T[] | undefined {
  const values: T[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < HEADER_SIZE) return undefined;
    const length = payload.readUInt16LE(at + AT.length);
    if (length < HEADER_SIZE || length > payload.length - at) return undefined;
    const value = item.read(payload.subarray(at + HEADER_SIZE, at + length));
    if (value === undefined) return undefined;
    values.push(value);
    at += align(length);
  }
  return values;
}
