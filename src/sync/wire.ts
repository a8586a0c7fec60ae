// The kernel's connection synchronisation format (net/netfilter/ipvs/ip_vs_sync.c), versions 1 and 0: bytes
// to entries and back. Knows nothing of sockets, tables or roles. All integers are big-endian; UDP
// 224.0.0.81:8848 carries it.
//
// A v1 datagram is a header of 8 bytes and up to 255 entries, each beginning on a 4-byte boundary: padding
// comes before the next entry, never after the last. As the kernel does, a receiver keeps the entries before
// a malformed one and drops the rest of the datagram; an entry that is well formed but of no use (an unknown
// mandatory option) is left out alone.

export const SYNC_PORT = 8848;
export const SYNC_GROUP = '224.0.0.81';
/**
 * The count is one byte, so longer datagrams could not say how many entries they hold (kernel masters get
 * this wrong).
 */
export const ENTRIES_MAX = 255;

/** IP_VS_CONN_F_*: bits of `flags` that mean something to a receiver. */
export const FLAG = {
  methodMask: 0x7,
  masquerade: 0,
  tunnel: 2,
  direct: 3,
  sync: 0x20,
  hashed: 0x40,
  noOutput: 0x80,
  inactive: 0x100,
  sequenceMask: 0x600,
  noClientPort: 0x800,
  template: 0x1000,
  onePacket: 0x2000,
} as const;

const HEADER = { reserved: 0, syncId: 1, length: 2, count: 4, version: 5, spare: 6, end: 8 } as const;
const HEADER_V0 = { count: 0, syncId: 1, length: 2, end: 4 } as const;
const AT = {
  type: 0,
  protocol: 1,
  versionSize: 2,
  flags: 4,
  state: 8,
  clientPort: 10,
  virtualPort: 12,
  serverPort: 14,
  fwmark: 16,
  timeout: 20,
  addresses: 24,
} as const;
const AT_V0 = {
  protocol: 1,
  clientPort: 2,
  virtualPort: 4,
  serverPort: 6,
  addresses: 8,
  flags: 20,
  state: 22,
  end: 24,
} as const;
const ENTRY_V4 = AT.addresses + 3 * 4;
const ENTRY_V6 = AT.addresses + 3 * 16;
const TYPE_IPV6 = 1;
const OPTION = { sequence: 1, peData: 2, peName: 3, ignorable: 0x40 } as const;
const SEQUENCE_BYTES = 24;
const PE_NAME_MAX = 16;

type Common = {
  protocol: number;
  flags: number;
  state: number;
  clientPort: number;
  virtualPort: number;
  serverPort: number;
  fwmark: number;
  /** The full timeout of the current state, not what is left of it; 0 = the receiver's own table. */
  timeoutSeconds: number;
  /** in{init, delta, previous} out{…}, six 32-bit words: big-endian in v1, the sender's own order in v0. */
  sequence?: Uint8Array;
  peData?: Uint8Array;
  peName?: string;
};
/** IPv4 addresses are numbers, because tables of them are searched; IPv6 ones are 16 bytes. */
export type SyncEntry =
  | (Common & { family: 4; client: number; virtual: number; server: number })
  | (Common & { family: 6; client: Uint8Array; virtual: Uint8Array; server: Uint8Array });
export type SyncMessage = {
  version: 0 | 1;
  syncId: number;
  entries: SyncEntry[];
  /** Entries left out although well formed: they carry an option this receiver would have to know. */
  skipped: number;
  /** Why the rest of the datagram after `entries` was dropped. */
  cut?: DropReason;
};
export type DropReason =
  | 'too-short'
  | 'length-mismatch'
  | 'entry-too-short'
  | 'entry-over-end'
  | 'entry-version'
  | 'entry-type'
  | 'option-length'
  | 'option-twice';
export type Decoded = { ok: true; message: SyncMessage } | { ok: false; drop: DropReason };

export function decodeDatagram(bytes: Buffer): Decoded {
  if (bytes.length < HEADER_V0.end) return { ok: false, drop: 'too-short' };
  if (bytes.readUInt16BE(HEADER.length) !== bytes.length) return { ok: false, drop: 'length-mismatch' };
  const syncId = bytes[HEADER.syncId]!;
  const isV1 =
    bytes.length >= HEADER.end &&
    bytes[HEADER.reserved] === 0 &&
    bytes[HEADER.version] === 1 &&
    bytes.readUInt16BE(HEADER.spare) === 0;
  const message: SyncMessage = { version: isV1 ? 1 : 0, syncId, entries: [], skipped: 0 };
  const cut = isV1 ? decodeV1(bytes, message) : decodeV0(bytes, message);
  return { ok: true, message: cut === undefined ? message : { ...message, cut } };
}

function decodeV1(bytes: Buffer, message: SyncMessage): DropReason | undefined {
  let at: number = HEADER.end;
  for (let left = bytes[HEADER.count]!; left > 0; left--) {
    if (at + ENTRY_V4 > bytes.length) return 'entry-too-short';
    const versionSize = bytes.readUInt16BE(at + AT.versionSize);
    const size = versionSize & 0x0fff;
    if (at + size > bytes.length) return 'entry-over-end';
    if (versionSize >> 12 !== 0) return 'entry-version';
    const entry = decodeEntry(bytes.subarray(at, at + size));
    if (entry === 'unknown-option') message.skipped++;
    else if (typeof entry === 'string') return entry;
    else message.entries.push(entry);
    at += (size + 3) & ~3;
  }
  return undefined;
}

/** `bytes` is exactly one entry with its options. */
function decodeEntry(bytes: Buffer): SyncEntry | DropReason | 'unknown-option' {
  const type = bytes[AT.type];
  if (type === undefined) return 'entry-too-short';
  const isIpv6 = (type & TYPE_IPV6) !== 0;
  if (!isIpv6 && type !== 0) return 'entry-type';
  const fixed = isIpv6 ? ENTRY_V6 : ENTRY_V4;
  if (bytes.length < fixed) return 'entry-too-short';
  const common: Common = {
    protocol: bytes[AT.protocol]!,
    flags: bytes.readUInt32BE(AT.flags),
    state: bytes.readUInt16BE(AT.state),
    clientPort: bytes.readUInt16BE(AT.clientPort),
    virtualPort: bytes.readUInt16BE(AT.virtualPort),
    serverPort: bytes.readUInt16BE(AT.serverPort),
    fwmark: bytes.readUInt32BE(AT.fwmark),
    timeoutSeconds: bytes.readUInt32BE(AT.timeout),
  };
  const fault = decodeOptions(bytes, fixed, common);
  if (fault !== undefined) return fault;
  const address = (index: number) =>
    Uint8Array.from(bytes.subarray(AT.addresses + 16 * index, AT.addresses + 16 * (index + 1)));
  if (isIpv6) return { ...common, family: 6, client: address(0), virtual: address(1), server: address(2) };
  return {
    ...common,
    family: 4,
    client: bytes.readUInt32BE(AT.addresses),
    virtual: bytes.readUInt32BE(AT.addresses + 4),
    server: bytes.readUInt32BE(AT.addresses + 8),
  };
}

function decodeOptions(
  bytes: Buffer,
  start: number,
  into: Common,
): 'option-length' | 'option-twice' | 'unknown-option' | undefined {
  let at = start;
  while (at < bytes.length) {
    if (at + 2 > bytes.length) return 'option-length';
    const type = bytes[at]!;
    const end = at + 2 + bytes[at + 1]!;
    if (end === at + 2 || end > bytes.length) return 'option-length';
    const data = Buffer.from(bytes.subarray(at + 2, end));
    const known = type & ~OPTION.ignorable;
    if (known === OPTION.sequence) {
      if (data.length !== SEQUENCE_BYTES) return 'option-length';
      if (into.sequence) return 'option-twice';
      into.sequence = data;
    } else if (known === OPTION.peData) {
      if (into.peData) return 'option-twice';
      into.peData = data;
    } else if (known === OPTION.peName) {
      if (data.length > PE_NAME_MAX) return 'option-length';
      if (into.peName !== undefined) return 'option-twice';
      into.peName = data.toString('latin1');
    } else if ((type & OPTION.ignorable) === 0) return 'unknown-option';
    at = end;
  }
  return undefined;
}

function decodeV0(bytes: Buffer, message: SyncMessage): DropReason | undefined {
  let at: number = HEADER_V0.end;
  for (let left = bytes[HEADER_V0.count]!; left > 0; left--) {
    if (at + AT_V0.end > bytes.length) return 'entry-too-short';
    const flags = bytes.readUInt16BE(at + AT_V0.flags);
    const hasSequence = (flags & FLAG.sequenceMask) !== 0;
    const end = at + AT_V0.end + (hasSequence ? SEQUENCE_BYTES : 0);
    if (end > bytes.length) return 'entry-over-end';
    message.entries.push({
      family: 4,
      protocol: bytes[at + AT_V0.protocol]!,
      flags,
      state: bytes.readUInt16BE(at + AT_V0.state),
      clientPort: bytes.readUInt16BE(at + AT_V0.clientPort),
      virtualPort: bytes.readUInt16BE(at + AT_V0.virtualPort),
      serverPort: bytes.readUInt16BE(at + AT_V0.serverPort),
      fwmark: 0,
      timeoutSeconds: 0,
      client: bytes.readUInt32BE(at + AT_V0.addresses),
      virtual: bytes.readUInt32BE(at + AT_V0.addresses + 4),
      server: bytes.readUInt32BE(at + AT_V0.addresses + 8),
      ...(hasSequence ? { sequence: Buffer.from(bytes.subarray(at + AT_V0.end, end)) } : {}),
    });
    at = end;
  }
  return undefined;
}

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
 * datagram and add again. An entry longer than `maxlen` alone makes a datagram of its own, as in the kernel.
 */
export class SyncBatch {
  readonly #bytes: Buffer;
  readonly #maxlen: number;
  #length: number = HEADER.end;
  #count = 0;

  constructor(settings: { syncId: number; maxlen: number }) {
    this.#maxlen = settings.maxlen;
    this.#bytes = Buffer.alloc(Math.max(settings.maxlen, HEADER.end + 0x1000));
    this.#bytes[HEADER.syncId] = settings.syncId;
    this.#bytes[HEADER.version] = 1;
  }

  get count(): number {
    return this.#count;
  }

  /** False: the datagram is full and `entry` was not added. */
  add(entry: SyncEntry): boolean {
    const at = (this.#length + 3) & ~3;
    const size = entryBytes(entry);
    if (this.#count === ENTRIES_MAX || (this.#count > 0 && at + size > this.#maxlen)) return false;
    this.#bytes.fill(0, this.#length, at);
    encodeEntry(entry, this.#bytes, at);
    this.#length = at + size;
    this.#count++;
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
}

/** As many v1 datagrams of at most `maxlen` bytes as the entries need. */
export function encodeDatagrams(
  settings: { syncId: number; maxlen: number },
  entries: readonly SyncEntry[],
): Buffer[] {
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
  if (entry.family === 4) {
    bytes.writeUInt32BE(entry.client, at + AT.addresses);
    bytes.writeUInt32BE(entry.virtual, at + AT.addresses + 4);
    bytes.writeUInt32BE(entry.server, at + AT.addresses + 8);
  } else {
    bytes.set(entry.client, at + AT.addresses);
    bytes.set(entry.virtual, at + AT.addresses + 16);
    bytes.set(entry.server, at + AT.addresses + 32);
  }
  encodeOptions(entry, bytes, at + (entry.family === 6 ? ENTRY_V6 : ENTRY_V4));
}

function encodeOptions(entry: SyncEntry, bytes: Buffer, start: number): void {
  let at = start;
  const put = (type: number, data: Uint8Array) => {
    bytes[at] = type;
    bytes[at + 1] = data.length;
    bytes.set(data, at + 2);
    at += 2 + data.length;
  };
  if (entry.sequence) put(OPTION.sequence, entry.sequence);
  if (entry.peData) put(OPTION.peData, entry.peData);
  if (entry.peName) put(OPTION.peName, Buffer.from(entry.peName, 'latin1'));
}

/**
 * One v0 datagram. IPv6 entries, marks, timeouts and persistence data have no place in it and must not be
 * given.
 */
export function encodeV0(syncId: number, entries: readonly SyncEntry[]): Buffer {
  const parts = entries.map((entry) => {
    const bytes = Buffer.alloc(AT_V0.end);
    bytes[AT_V0.protocol] = entry.protocol;
    bytes.writeUInt16BE(entry.clientPort, AT_V0.clientPort);
    bytes.writeUInt16BE(entry.virtualPort, AT_V0.virtualPort);
    bytes.writeUInt16BE(entry.serverPort, AT_V0.serverPort);
    bytes.writeUInt16BE(entry.flags & 0xffff & ~FLAG.hashed, AT_V0.flags);
    bytes.writeUInt16BE(entry.state, AT_V0.state);
    if (entry.family === 4) {
      bytes.writeUInt32BE(entry.client, AT_V0.addresses);
      bytes.writeUInt32BE(entry.virtual, AT_V0.addresses + 4);
      bytes.writeUInt32BE(entry.server, AT_V0.addresses + 8);
    }
    return entry.sequence ? Buffer.concat([bytes, entry.sequence]) : bytes;
  });
  const datagram = Buffer.concat([Buffer.alloc(HEADER_V0.end), ...parts]);
  datagram[HEADER_V0.count] = entries.length;
  datagram[HEADER_V0.syncId] = syncId;
  datagram.writeUInt16BE(datagram.length, HEADER_V0.length);
  return datagram;
}

/**
 * Two datagrams of our own without entries, which a kernel reads as "nothing": a backup's request for the
 * whole table, and a master's word that it has sent it.
 */
export type Signal = 'ask' | 'done';
const SPARE = { ask: 0, done: 1 } as const;

export function encodeSignal(signal: Signal, syncId: number): Buffer {
  return Buffer.from([0, syncId, 0, HEADER.end, 0, 1, 0, SPARE[signal]]);
}

/** Undefined: an ordinary datagram, for {@link decodeDatagram}. */
export function decodeSignal(bytes: Buffer): { signal: Signal; syncId: number } | undefined {
  if (bytes.length !== HEADER.end || bytes.readUInt16BE(HEADER.length) !== HEADER.end) return undefined;
  if (bytes[HEADER.reserved] !== 0 || bytes[HEADER.count] !== 0 || bytes[HEADER.version] !== 1)
    return undefined;
  const spare = bytes.readUInt16BE(HEADER.spare);
  const syncId = bytes[HEADER.syncId]!;
  if (spare === SPARE.ask) return { signal: 'ask', syncId };
  return spare === SPARE.done ? { signal: 'done', syncId } : undefined;
}
