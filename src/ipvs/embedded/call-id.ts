// Persistence engine "sip": the Call-ID in a SIP message, found as the kernel finds it (ip_vs_pe_sip.c with
// ct_sip_get_header() of nf_conntrack_sip.c), its oddities included, so that two directors of a pair agree on
// who belongs together whichever of them is the kernel's.

/** Of all persistence engines, as services and sync entries name them. */
export const SIP = 'sip';

/** One that a service can have; none is one, too. */
export function isPersistenceEngine(name: string | undefined): boolean {
  return name === undefined || name === SIP;
}

/** IP_VS_PEDATA_MAXLEN. */
export const CALL_ID_MAX = 255;

const NAME = 'call-id';
const COMPACT = 'i';
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;
const AT_SIGN = 0x40;
const LOWER = 0x20;
const NONE = -1;

/** What the last {@link findCallId} found. One for all, so that none is allocated. */
export const callId = { at: 0, length: 0 };

/** The kernel's isalpha() knows Latin-1, whose × and ÷ are no letters. */
function isLetter(byte: number): boolean {
  const lower = byte | LOWER;
  if (byte >= 0xc0) return byte !== 0xd7 && byte !== 0xf7;
  return lower >= 0x61 && lower <= 0x7a && byte < 0x80;
}
/** What RFC 3261 calls a word, with the kernel's letters. */
const IN_WORD = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isOther = '0123456789-.!%*_+`\'~()<>:\\"/[]?{}'.includes(String.fromCharCode(byte));
  return isLetter(byte) || isOther ? 1 : 0;
});

/** In the payload of a datagram: `bytes` from `start` to `end`. True: {@link callId} says where it is. */
export function findCallId(bytes: Uint8Array, start: number, end: number): boolean {
  let from = start;
  for (;;) {
    const at = findValue(bytes, from, end);
    if (at === NONE) return false;
    const length = lengthAt(bytes, at, end);
    if (length > 0) {
      callId.at = at;
      callId.length = length;
      return length <= CALL_ID_MAX && at + length < end && isLineEnd(bytes[at + length]!);
    }
    // As far on from where the last search began as the value is from the beginning.
    from += at - start;
  }
}

/** Could it have come from a packet? */
export function isCallId(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return length > 0 && length <= CALL_ID_MAX && lengthAt(bytes, 0, length) === length;
}

/** Where the value of the first such header begins. The first line of a message is none. */
function findValue(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (!isLineEnd(bytes[at]!)) continue;
    at = nextLine(bytes, at);
    if (at >= end) return NONE;
    if (isBlank(bytes[at]!)) continue;
    const name = nameAt(bytes, at, end);
    if (name === 0) continue;
    at = skipBlanks(bytes, at + name, end);
    if (at === NONE || at >= end || bytes[at] !== COLON || ++at >= end) return NONE;
    return skipBlanks(bytes, at, end);
  }
  return NONE;
}

/** Bytes of the header's name, 0 = it is another one. */
function nameAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at >= NAME.length && isText(bytes, at, NAME)) return NAME.length;
  const isCompact = end - at > COMPACT.length && isText(bytes, at, COMPACT);
  return isCompact && !isLetter(bytes[at + COMPACT.length]!) ? COMPACT.length : 0;
}

/** `text`: lower case. */
function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i]!;
    const isUpper = byte >= 0x41 && byte <= 0x5a;
    if ((isUpper ? byte | LOWER : byte) !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Behind blanks, and behind those that the next line goes on with when the line ends there. */
function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  const at = endOfBlanks(bytes, from, end);
  if (at >= end || !isLineEnd(bytes[at]!)) return at;
  const next = nextLine(bytes, at);
  return next < end && isBlank(bytes[next]!) ? endOfBlanks(bytes, next, end) : NONE;
}

function endOfBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

/** A word, or two with an @ between them. */
function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  const wordEnd = endOfWord(bytes, at, end);
  const isWhole = wordEnd === at || wordEnd >= end || bytes[wordEnd] !== AT_SIGN;
  if (isWhole) return wordEnd - at;
  const hostEnd = endOfWord(bytes, wordEnd + 1, end);
  return hostEnd === wordEnd + 1 ? 0 : hostEnd - at;
}

function endOfWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && IN_WORD[bytes[at]!] === 1) at++;
  return at;
}

/** Behind the CR, LF or CRLF at `at`. */
function nextLine(bytes: Uint8Array, at: number): number {
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
}
function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}
function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
