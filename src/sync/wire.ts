// The kernel's connection synchronisation format (net/netfilter/ipvs/ip_vs_sync.c), versions 1 and 0: from
// bytes to entries; encode.ts goes the other way. Knows nothing of sockets, tables or roles. All integers are
// big-endian except as said; UDP 224.0.0.81:8848 carries it.
//
// A v1 datagram is a header of 8 bytes and up to 255 entries, each beginning on a 4-byte boundary: padding
// comes before the next entry, never after the last. As the kernel does, a receiver keeps the entries before
// a malformed one and drops the rest of the datagram; an entry that is well formed but of no use (an unknown
// mandatory option, a state that its protocol has not) is left out alone.
import { FLAG, type SequenceShift, type SkipReason, type SyncEntry, stateFault } from './entry.ts';

export const SYNC_PORT = 8848;
export const SYNC_GROUP = '224.0.0.81';
/**
 * The count is one byte, so longer datagrams could not say how many entries they hold (kernel masters get
 * this wrong).
 */
export const ENTRIES_MAX = 255;

export const HEADER = { reserved: 0, syncId: 1, length: 2, count: 4, version: 5, spare: 6, end: 8 } as const;
export const HEADER_V0 = { count: 0, syncId: 1, length: 2, end: 4 } as const;
export const AT = {
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
export const AT_V0 = {
  protocol: 1,
  clientPort: 2,
  virtualPort: 4,
  serverPort: 6,
  addresses: 8,
  flags: 20,
  state: 22,
  end: 24,
} as const;
export const ENTRY_V4 = AT.addresses + 3 * 4;
export const ENTRY_V6 = AT.addresses + 3 * 16;
export const TYPE_IPV6 = 1;
export const OPTION = { sequence: 1, peData: 2, peName: 3, ignorable: 0x40 } as const;
/** in{initial, delta, previous delta} out{…}: big-endian in v1, the sender's own order in v0. */
export const SEQUENCE_BYTES = 24;
export const PE_NAME_MAX = 16;
const SIZE_MASK = 0x0fff;
/**
 * What follows `out` in memory is another machine's: whoever runs us is little-endian (x86-64, arm64), and so
 * is whoever speaks v0 to us, as between two kernels.
 */
export const V0_LITTLE_ENDIAN = true;

export type SyncMessage = {
  version: 0 | 1;
  syncId: number;
  entries: SyncEntry[];
  /** Why entries were left out although well formed, one reason for each. */
  skipped: SkipReason[];
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
/** Told of each entry of a datagram in turn. */
export type Visitor = {
  entry(at: number, size: number): void;
  skip(reason: SkipReason, at: number, size: number): void;
};

export function decodeDatagram(bytes: Buffer): Decoded {
  const drop = headerFault(bytes);
  if (drop !== undefined) return { ok: false, drop };
  const isV1 = isVersion1(bytes);
  const syncId = bytes[HEADER.syncId]!;
  const message: SyncMessage = { version: isV1 ? 1 : 0, syncId, entries: [], skipped: [] };
  const cut = isV1
    ? walkEntries(bytes, {
        entry: (at, size) => message.entries.push(readEntry(bytes, at, size)),
        skip: (reason) => message.skipped.push(reason),
      })
    : decodeV0(bytes, message);
  return { ok: true, message: cut === undefined ? message : { ...message, cut } };
}

/**
 * Looks at each entry of a v1 datagram without making a value of it; answers why the datagram, or the rest of
 * it, was dropped.
 */
export function walkDatagram(bytes: Buffer, visitor: Visitor): DropReason | 'not-v1' | undefined {
  return headerFault(bytes) ?? (isVersion1(bytes) ? walkEntries(bytes, visitor) : 'not-v1');
}

function headerFault(bytes: Buffer): DropReason | undefined {
  if (bytes.length < HEADER_V0.end) return 'too-short';
  return bytes.readUInt16BE(HEADER.length) === bytes.length ? undefined : 'length-mismatch';
}

/** Whatever does not match is v0 to a receiver. */
function isVersion1(bytes: Buffer): boolean {
  return (
    bytes.length >= HEADER.end &&
    bytes[HEADER.reserved] === 0 &&
    bytes[HEADER.version] === 1 &&
    bytes.readUInt16BE(HEADER.spare) === 0
  );
}

/** Of a v1 datagram whose header is right; answers why the rest of it was dropped. */
function walkEntries(bytes: Buffer, visitor: Visitor): DropReason | undefined {
  let at: number = HEADER.end;
  for (let left = bytes[HEADER.count]!; left > 0; left--) {
    if (at + ENTRY_V4 > bytes.length) return 'entry-too-short';
    const versionSize = bytes.readUInt16BE(at + AT.versionSize);
    const size = versionSize & SIZE_MASK;
    if (at + size > bytes.length) return 'entry-over-end';
    if (versionSize >> 12 !== 0) return 'entry-version';
    const drop = fixedFault(bytes, at, size) ?? optionsFault(bytes, at, size);
    if (drop !== undefined) return drop;
    const skip = usageFault(bytes, at, size);
    if (skip === undefined) visitor.entry(at, size);
    else visitor.skip(skip, at, size);
    at += (size + 3) & ~3;
  }
  return undefined;
}

function fixedFault(bytes: Buffer, at: number, size: number): DropReason | undefined {
  const type = bytes[at + AT.type]!;
  const isIpv6 = (type & TYPE_IPV6) !== 0;
  if (size === 0) return 'entry-too-short';
  if (!isIpv6 && type !== 0) return 'entry-type';
  return size < (isIpv6 ? ENTRY_V6 : ENTRY_V4) ? 'entry-too-short' : undefined;
}

function optionsStart(bytes: Buffer, at: number): number {
  return at + ((bytes[at + AT.type]! & TYPE_IPV6) !== 0 ? ENTRY_V6 : ENTRY_V4);
}

function optionsFault(bytes: Buffer, entry: number, size: number): DropReason | undefined {
  const entryEnd = entry + size;
  let seen = 0;
  for (let at = optionsStart(bytes, entry); at < entryEnd; at += 2 + bytes[at + 1]!) {
    if (at + 2 > entryEnd) return 'option-length';
    const length = bytes[at + 1]!;
    if (length === 0 || at + 2 + length > entryEnd) return 'option-length';
    const known = bytes[at]! & ~OPTION.ignorable;
    if (known < OPTION.sequence || known > OPTION.peName) continue;
    if (known === OPTION.sequence && length !== SEQUENCE_BYTES) return 'option-length';
    if (known === OPTION.peName && length > PE_NAME_MAX) return 'option-length';
    if ((seen & (1 << known)) !== 0) return 'option-twice';
    seen |= 1 << known;
  }
  return undefined;
}

/** Of an entry whose lengths are right. */
function usageFault(bytes: Buffer, entry: number, size: number): SkipReason | undefined {
  const entryEnd = entry + size;
  let hasData = false;
  let hasName = false;
  for (let at = optionsStart(bytes, entry); at < entryEnd; at += 2 + bytes[at + 1]!) {
    const type = bytes[at]!;
    const known = type & ~OPTION.ignorable;
    const isKnown = known >= OPTION.sequence && known <= OPTION.peName;
    if (!isKnown && (type & OPTION.ignorable) === 0) return 'unknown-option';
    if (known === OPTION.peData) hasData = true;
    if (known !== OPTION.peName) continue;
    hasName = true;
    // The kernel looks an engine up by it as a C string.
    if (bytes.subarray(at + 2, at + 2 + bytes[at + 1]!).includes(0)) return 'pe-name';
  }
  if (hasData && !hasName) return 'pe-incomplete';
  const flags = bytes.readUInt32BE(entry + AT.flags);
  return stateFault(bytes[entry + AT.protocol]!, bytes.readUInt16BE(entry + AT.state), flags);
}

/** One entry that was found right, with its options. */
function readEntry(bytes: Buffer, at: number, size: number): SyncEntry {
  const common = {
    protocol: bytes[at + AT.protocol]!,
    flags: bytes.readUInt32BE(at + AT.flags),
    state: bytes.readUInt16BE(at + AT.state),
    clientPort: bytes.readUInt16BE(at + AT.clientPort),
    virtualPort: bytes.readUInt16BE(at + AT.virtualPort),
    serverPort: bytes.readUInt16BE(at + AT.serverPort),
    fwmark: bytes.readUInt32BE(at + AT.fwmark),
    timeoutSeconds: bytes.readUInt32BE(at + AT.timeout),
    ...readOptions(bytes, optionsStart(bytes, at), at + size),
  };
  const addresses = at + AT.addresses;
  if ((bytes[at + AT.type]! & TYPE_IPV6) !== 0) {
    const address = (index: number) =>
      Uint8Array.from(bytes.subarray(addresses + 16 * index, addresses + 16 * (index + 1)));
    return { ...common, family: 6, client: address(0), virtual: address(1), server: address(2) };
  }
  return {
    ...common,
    family: 4,
    client: bytes.readUInt32BE(addresses),
    virtual: bytes.readUInt32BE(addresses + 4),
    server: bytes.readUInt32BE(addresses + 8),
  };
}

function readOptions(
  bytes: Buffer,
  start: number,
  end: number,
): Pick<SyncEntry, 'sequence' | 'peData' | 'peName'> {
  const options: Pick<SyncEntry, 'sequence' | 'peData' | 'peName'> = {};
  for (let at = start; at < end; at += 2 + bytes[at + 1]!) {
    const data = bytes.subarray(at + 2, at + 2 + bytes[at + 1]!);
    const known = bytes[at]! & ~OPTION.ignorable;
    if (known === OPTION.sequence) options.sequence = readSequence(data, false);
    else if (known === OPTION.peData) options.peData = Buffer.from(data);
    else if (known === OPTION.peName) options.peName = data.toString('latin1');
  }
  return options;
}

function readSequence(bytes: Buffer, littleEndian: boolean): NonNullable<SyncEntry['sequence']> {
  const word = (at: number) => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const shift = (at: number): SequenceShift => ({
    initial: word(at),
    delta: word(at + 4),
    previousDelta: word(at + 8),
  });
  return { in: shift(0), out: shift(SEQUENCE_BYTES / 2) };
}

function decodeV0(bytes: Buffer, message: SyncMessage): DropReason | undefined {
  let at: number = HEADER_V0.end;
  for (let left = bytes[HEADER_V0.count]!; left > 0; left--) {
    if (at + AT_V0.end > bytes.length) return 'entry-too-short';
    const flags = bytes.readUInt16BE(at + AT_V0.flags);
    const hasSequence = (flags & FLAG.sequenceMask) !== 0;
    const end = at + AT_V0.end + (hasSequence ? SEQUENCE_BYTES : 0);
    if (end > bytes.length) return 'entry-over-end';
    const protocol = bytes[at + AT_V0.protocol]!;
    const state = bytes.readUInt16BE(at + AT_V0.state);
    const skip = stateFault(protocol, state, flags);
    if (skip !== undefined) message.skipped.push(skip);
    else
      message.entries.push({
        family: 4,
        protocol,
        flags,
        state,
        clientPort: bytes.readUInt16BE(at + AT_V0.clientPort),
        virtualPort: bytes.readUInt16BE(at + AT_V0.virtualPort),
        serverPort: bytes.readUInt16BE(at + AT_V0.serverPort),
        fwmark: 0,
        timeoutSeconds: 0,
        client: bytes.readUInt32BE(at + AT_V0.addresses),
        virtual: bytes.readUInt32BE(at + AT_V0.addresses + 4),
        server: bytes.readUInt32BE(at + AT_V0.addresses + 8),
        ...(hasSequence
          ? { sequence: readSequence(bytes.subarray(at + AT_V0.end, end), V0_LITTLE_ENDIAN) }
          : {}),
      });
    at = end;
  }
  return undefined;
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
