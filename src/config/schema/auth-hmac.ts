// The block `auth_hmac { … }` of vrrp_instance: keys that sign adverts of either version, as keepalived has
// it since 2.4.0 (and on the wire since 2.4.2).
import type { Arguments } from '../arguments.ts';
import { type Block, keyword } from './block.ts';
import { inParts, integer, oneOf, type Shape, text } from './shape.ts';

const SHORTEST_KEY = 32;
const LONGEST_KEY = 64;
const HEX = 'hex:';
const FILE = 'file:';

/** `hex`: the bytes. `file`: where they are; src/config/rules/keys.ts asks for them. */
export type KeySource = { hex: string } | { file: string };
export type KeyText = { ok: true; hex: string } | { ok: false; complaint: string };

/** What stands after the id, or alone in a file: `hex:` and digits, or bytes as they are. */
export function readKey(bytes: Buffer): KeyText {
  const digits = bytes.toString('latin1');
  const isHex = digits.startsWith(HEX);
  if (isHex && !/^hex:([0-9a-f]{2})*$/i.test(digits))
    return { ok: false, complaint: 'has a digit that is not hexadecimal, or half a byte' };
  const hex = isHex ? digits.slice(HEX.length).toLowerCase() : bytes.toString('hex');
  const length = hex.length / 2;
  if (length >= SHORTEST_KEY && length <= LONGEST_KEY) return { ok: true, hex };
  return { ok: false, complaint: `has ${length} bytes; a key has ${SHORTEST_KEY} to ${LONGEST_KEY}` };
}

/** A secret is never shown, also not as what is wrong with it. */
const hmacKey: Shape<{ id: number; source: KeySource }> = {
  syntax: 'ID hex:DIGITS|file:PATH|TEXT',
  isSecret: true,
  line: true,
  ...inParts({ id: integer(1, 255), key: text }, 2),
  example: '1 file:/etc/lvs-director/key',
  read(given) {
    const id = integer(1, 255).read(given);
    if (id === undefined) return void given.rest();
    const source = readSource(given);
    return source === undefined ? undefined : { id, source };
  },
};

function readSource(given: Arguments): KeySource | undefined {
  const word = given.take('a key');
  if (word === undefined) return undefined;
  if (word.text.startsWith(FILE)) {
    const file = word.text.slice(FILE.length);
    if (file.startsWith('/')) return { file };
    const hint = 'a director that is started elsewhere would look for it elsewhere';
    return given.wrong(word, 'takes a file by its whole path, from / on', hint);
  }
  const key = readKey(Buffer.from(word.text));
  if (key.ok) return { hex: key.hex };
  if (key.complaint.startsWith('has a digit')) return given.wrong(word, key.complaint);
  return given.complain('CFG_RANGE', word.at, `the key ${key.complaint}`, 'openssl rand -hex 32 makes one');
}

export const AUTH_HMAC = {
  name: 'auth_hmac',
  keywords: {
    key: keyword(hmacKey, 'a key of 32 to 64 bytes and its id; a file has what would stand here', {
      many: true,
    }),
    active_key: keyword(integer(1, 255), 'id of the key that signs; the others are only accepted'),
    time_window: keyword(
      integer(1, 300),
      'seconds that clocks may differ by; default 3 × advert_int, at least 5',
    ),
    anti_replay: keyword(
      oneOf(['time', 'monotonic']),
      'time: clocks have to agree; monotonic: each sender’s adverts only have to go forward',
      { default: 'time' },
    ),
    mode: keyword(
      oneOf(['enforce', 'permissive', 'receive-only']),
      'permissive: unsigned adverts count, too; receive-only: and are sent. To bring keys in',
      { default: 'enforce' },
    ),
  },
} as const satisfies Block;
