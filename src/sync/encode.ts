// The kernel's connection synchronisation format, from entries to bytes: see wire.ts for what it looks like.
import assert from 'node:assert/strict';
import { FLAG, type SyncEntry } from './entry.ts';
import {
  AT,
  AT_V0,
  ENTRIES_MAX,
  ENTRY_V4,
  ENTRY_V6,
  HEADER,
  HEADER_V0,
  OPTION,
  PE_NAME_MAX,
  SEQUENCE_BYTES,
  TYPE_IPV6,
  V0_LITTLE_ENDIAN,
} from './wire.ts';

export type BatchSettings = {
  syncId: number;
  /** Of a datagram, bytes. An entry that is longer alone makes a datagram of its own, as in the kernel. */
  maxlen: number;
};
/** Where entries are kept as bytes. */
export type EntrySource = {
  entrySize(slot: number): number;
  /** Copies the entry to `into`, from `at` on. */
  readEntry(slot: number, into: Uint8Array, at: number): void;
};
/** 255 IPv4 entries: no datagram has to be longer. */
export const DATAGRAM_MAX = 9188;
/** No entry is longer: IPv6, sequence numbers, 255 bytes of PE data and a name, padded. */
const ENTRY_MAX = ENTRY_V6 + (2 + SEQUENCE_BYTES) + (2 + 255) + (2 + PE_NAME_MAX) + 3;

/** Bytes of the entry itself, without padding. */
export function entryBytes(entry: SyncEntry): number {
  return (
    (entry.family === 6 ? ENTRY_V6 : ENTRY_V4) +
    (entry.sequence ? 2 + SEQUENCE_BYTES : 0) +
    (entry.peData ? 2 + entry.peData.length : 0) +
    (entry.peName ? 2 + entry.peName.length : 0)
  );
}

/**
 * Fills v1 datagrams one after the other in one buffer: `add` until it answers false, then `take` the
 * datagram and add again.
 */
export class SyncBatch {
  readonly #bytes: Buffer;
  readonly #maxlen: number;
  #length: number = HEADER.end;
  #count = 0;

  constructor(settings: BatchSettings) {
    this.#maxlen = settings.maxlen;
    this.#bytes = Buffer.alloc(Math.max(settings.maxlen, HEADER.end + ENTRY_MAX));
    this.#bytes[HEADER.syncId] = settings.syncId;
    this.#bytes[HEADER.version] = 1;
  }

  get count(): number {
    return this.#count;
  }

  /** False: the datagram is full and `entry` was not added. */
  add(entry: SyncEntry): boolean {
    const size = entryBytes(entry);
    const at = this.#place(size);
    if (at === undefined) return false;
    encodeEntry(entry, this.#bytes, at);
    this.#commit(at, size);
    return true;
  }

  /** As {@link add}, of an entry that is bytes already. */
  addFrom(source: EntrySource, slot: number): boolean {
    const size = source.entrySize(slot);
    const at = this.#place(size);
    if (at === undefined) return false;
    source.readEntry(slot, this.#bytes, at);
    this.#commit(at, size);
    return true;
  }

  /** The datagram, valid until the next `add`; undefined when it holds nothing. */
  take(): Buffer | undefined {
    if (this.#count === 0) return undefined;
    const datagram = this.#bytes.subarray(0, this.#length);
    datagram.writeUInt16BE(this.#length, HEADER.length);
    datagram[HEADER.count] = this.#count;
    this.#length = HEADER.end;
    this.#count = 0;
    return datagram;
  }

  /** Where an entry of `size` begins; undefined when the datagram is full. */
  #place(size: number): number | undefined {
    const at = (this.#length + 3) & ~3;
    const isFull = this.#count === ENTRIES_MAX || (this.#count > 0 && at + size > this.#maxlen);
    return isFull ? undefined : at;
  }
  #commit(at: number, size: number): void {
    if (at > this.#length) this.#bytes.fill(0, this.#length, at);
    this.#length = at + size;
    this.#count++;
  }
}

/** As many v1 datagrams of at most `maxlen` bytes as the entries need. */
export function encodeDatagrams(settings: BatchSettings, entries: readonly SyncEntry[]): Buffer[] {
  const batch = new SyncBatch(settings);
  const datagrams: Buffer[] = [];
  for (const entry of entries) {
    if (batch.add(entry)) continue;
    datagrams.push(Buffer.from(batch.take()!));
    batch.add(entry);
  }
  const last = batch.take();
  if (last) datagrams.push(Buffer.from(last));
  return datagrams;
}

function encodeEntry(entry: SyncEntry, bytes: Buffer, at: number): void {
  bytes[at + AT.type] = entry.family === 6 ? TYPE_IPV6 : 0;
  bytes[at + AT.protocol] = entry.protocol;
  bytes.writeUInt16BE(entryBytes(entry), at + AT.versionSize);
  bytes.writeUInt32BE((entry.flags & ~FLAG.hashed) >>> 0, at + AT.flags);
  bytes.writeUInt16BE(entry.state, at + AT.state);
  bytes.writeUInt16BE(entry.clientPort, at + AT.clientPort);
  bytes.writeUInt16BE(entry.virtualPort, at + AT.virtualPort);
  bytes.writeUInt16BE(entry.serverPort, at + AT.serverPort);
  bytes.writeUInt32BE(entry.fwmark, at + AT.fwmark);
  bytes.writeUInt32BE(entry.timeoutSeconds, at + AT.timeout);
  if (entry.family === 4) writeAddresses(entry, bytes, at + AT.addresses);
  else {
    bytes.set(entry.client, at + AT.addresses);
    bytes.set(entry.virtual, at + AT.addresses + 16);
    bytes.set(entry.server, at + AT.addresses + 32);
  }
  encodeOptions(entry, bytes, at + (entry.family === 6 ? ENTRY_V6 : ENTRY_V4));
}

function writeAddresses(entry: SyncEntry & { family: 4 }, bytes: Buffer, at: number): void {
  bytes.writeUInt32BE(entry.client, at);
  bytes.writeUInt32BE(entry.virtual, at + 4);
  bytes.writeUInt32BE(entry.server, at + 8);
}

/** In the kernel's order. */
function encodeOptions(entry: SyncEntry, bytes: Buffer, start: number): void {
  let at = start;
  const put = (type: number, data: Uint8Array) => {
    bytes[at] = type;
    bytes[at + 1] = data.length;
    bytes.set(data, at + 2);
    at += 2 + data.length;
  };
  if (entry.sequence) put(OPTION.sequence, sequenceBytes(entry.sequence, false));
  if (entry.peData) put(OPTION.peData, entry.peData);
  if (entry.peName) put(OPTION.peName, Buffer.from(entry.peName, 'latin1'));
}

function sequenceBytes(sequence: NonNullable<SyncEntry['sequence']>, littleEndian: boolean): Buffer {
  const bytes = Buffer.alloc(SEQUENCE_BYTES);
  [sequence.in, sequence.out]
    .flatMap(({ initial, delta, previousDelta }) => [initial, delta, previousDelta])
    .forEach((word, index) => {
      if (littleEndian) bytes.writeUInt32LE(word, 4 * index);
      else bytes.writeUInt32BE(word, 4 * index);
    });
  return bytes;
}

/** What v0 has no place for; a receiver would take it for another connection, or for one without end. */
export function fitsV0(entry: SyncEntry): entry is SyncEntry & { family: 4 } {
  return entry.family === 4 && entry.fwmark === 0 && !entry.peData && entry.peName === undefined;
}

/**
 * As many v0 datagrams of at most `maxlen` bytes as the entries need. All of them have to fit ({@link
 * fitsV0}). Timeouts are left out: the receiver has its own.
 */
export function encodeV0(settings: BatchSettings, entries: readonly SyncEntry[]): Buffer[] {
  const datagrams: Buffer[] = [];
  let parts: Buffer[] = [];
  let length: number = HEADER_V0.end;
  const end = () => {
    const header = Buffer.from([parts.length, settings.syncId, length >> 8, length & 0xff]);
    datagrams.push(Buffer.concat([header, ...parts]));
    parts = [];
    length = HEADER_V0.end;
  };
  for (const entry of entries) {
    assert(fitsV0(entry), 'v0 has a place for everything of the entry');
    const bytes = encodeEntryV0(entry);
    if (parts.length > 0 && (parts.length === ENTRIES_MAX || length + bytes.length > settings.maxlen)) end();
    parts.push(bytes);
    length += bytes.length;
  }
  if (parts.length > 0) end();
  return datagrams;
}

/** Whether sequence numbers follow is for the flags to say. */
function encodeEntryV0(entry: SyncEntry & { family: 4 }): Buffer {
  const hasSequence = entry.sequence !== undefined && (entry.flags & FLAG.sequenceMask) !== 0;
  const unknown = FLAG.hashed | (hasSequence ? 0 : FLAG.sequenceMask);
  const bytes = Buffer.alloc(AT_V0.end);
  bytes[AT_V0.protocol] = entry.protocol;
  bytes.writeUInt16BE(entry.clientPort, AT_V0.clientPort);
  bytes.writeUInt16BE(entry.virtualPort, AT_V0.virtualPort);
  bytes.writeUInt16BE(entry.serverPort, AT_V0.serverPort);
  writeAddresses(entry, bytes, AT_V0.addresses);
  bytes.writeUInt16BE(entry.flags & 0xffff & ~unknown, AT_V0.flags);
  bytes.writeUInt16BE(entry.state, AT_V0.state);
  return hasSequence ? Buffer.concat([bytes, sequenceBytes(entry.sequence!, V0_LITTLE_ENDIAN)]) : bytes;
}
