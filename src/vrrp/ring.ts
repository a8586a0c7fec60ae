// A ring of records in shared memory: one thread appends, another one reads when it likes, and neither waits.
// The oldest records go when there is no more room. Appending allocates nothing.
//
// A record: its size (16 bits), kind and length of the name (8 each), the time (64 bits, floating), name and
// body; padded to 4 bytes. Positions count on and on, modulo 2³²; a record is never cut in two by the end of
// the ring, where one of kind FILLER may be in the way. Whoever appends gives up the oldest records first,
// then writes, then says so; of what a reader copied that is good which is not given up when it is done.

const AT = { size: 0, kind: 2, nameLength: 3, atMs: 4, name: 12 } as const;
const ALIGN = 4;
/** Beyond it a body is cut off. */
const BODY_MAX = 1500;
/** Names are those of interfaces and instances. */
const NAME_MAX = 64;
const RECORD_MAX = AT.name + NAME_MAX + BODY_MAX + ALIGN;
const HEAD = 0;
const TAIL = 1;
const POSITIONS = 8;
const FILLER = 0;

export type Ring = { positions: Int32Array; bytes: Buffer; scratch: Buffer };
export type Record = { kind: number; atMs: number; name: string; body: Buffer };

/** `capacity`: a power of two. */
export function ringMemory(capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer(POSITIONS + capacity);
}

export function openRing(memory: SharedArrayBuffer): Ring {
  return {
    positions: new Int32Array(memory, 0, POSITIONS / 4),
    bytes: Buffer.from(memory, POSITIONS),
    scratch: Buffer.alloc(RECORD_MAX),
  };
}

/** `kind`: 1 to 255. */
export function append(ring: Ring, kind: number, atMs: number, name: string, body: string | Buffer): void {
  const { scratch } = ring;
  const nameLength = scratch.write(name, AT.name, NAME_MAX);
  const bodyAt = AT.name + nameLength;
  const bodyLength =
    typeof body === 'string'
      ? scratch.write(body, bodyAt, BODY_MAX)
      : body.copy(scratch, bodyAt, 0, BODY_MAX);
  const end = bodyAt + bodyLength;
  const room = reserve(ring, align(end));
  scratch.writeUInt16LE(end, AT.size);
  scratch[AT.kind] = kind;
  scratch[AT.nameLength] = nameLength;
  scratch.writeDoubleLE(atMs, AT.atMs);
  scratch.copy(ring.bytes, room.at, 0, end);
  Atomics.store(ring.positions, HEAD, (room.head + align(end)) | 0);
}

/** Where the next record goes: `at` in the ring, which is position `head`. */
function reserve(ring: Ring, length: number): { at: number; head: number } {
  const { positions, bytes } = ring;
  const capacity = bytes.length;
  let head = positions[HEAD]!;
  const left = capacity - (head & (capacity - 1));
  const fills = length > left;
  giveUp(ring, head, fills ? left + length : length);
  if (fills) {
    const at = capacity - left;
    bytes.writeUInt16LE(left, at);
    bytes[at + AT.kind] = FILLER;
    head = (head + left) | 0;
  }
  return { at: head & (capacity - 1), head };
}

function giveUp({ positions, bytes }: Ring, head: number, length: number): void {
  const capacity = bytes.length;
  let tail = positions[TAIL]!;
  while (((head - tail) >>> 0) + length > capacity)
    tail = (tail + align(bytes.readUInt16LE(tail & (capacity - 1)))) | 0;
  Atomics.store(positions, TAIL, tail);
}

/** Records one after the other, oldest first, for {@link records}; while somebody appends. */
export function copyRing({ positions, bytes }: Ring): Buffer {
  const capacity = bytes.length;
  const head = Atomics.load(positions, HEAD);
  const before = Atomics.load(positions, TAIL);
  const length = (head - before) >>> 0;
  const copy = Buffer.alloc(length);
  const at = before & (capacity - 1);
  const first = bytes.copy(copy, 0, at, Math.min(capacity, at + length));
  bytes.copy(copy, first, 0, length - first);
  const lost = (Atomics.load(positions, TAIL) - before) >>> 0;
  return copy.subarray(Math.min(lost, length));
}

export function* records(copy: Buffer): Generator<Record> {
  for (let at = 0; at + ALIGN <= copy.length; ) {
    const size = copy.readUInt16LE(at);
    const kind = copy[at + AT.kind]!;
    if (kind !== FILLER) {
      const bodyAt = at + AT.name + copy[at + AT.nameLength]!;
      yield {
        kind,
        atMs: copy.readDoubleLE(at + AT.atMs),
        name: copy.toString('utf8', at + AT.name, bodyAt),
        body: copy.subarray(bodyAt, at + size),
      };
    }
    at += align(size);
  }
}

function align(length: number): number {
  return (length + ALIGN - 1) & -ALIGN;
}
