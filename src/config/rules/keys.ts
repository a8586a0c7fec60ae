// Keys of adverts and of sync that stand in files: what is in them, and who else could read it. Looking at
// files is the caller's. A key that cannot be had is an error; one that others can read is used, as
// keepalived does, and complained of.
import type { Span } from '../../core/diagnostic.ts';
import type { Configuration, SharedKey } from '../model.ts';
import type { Report } from '../report.ts';
import { readKey } from '../schema/auth-hmac.ts';

/** `open`: whoever else can read it, or put another in its place; `changeable`: can do the latter. */
export type KeyFile =
  | { ok: true; bytes: Uint8Array; open?: string; changeable?: string }
  | { ok: false; says: string };
export type ReadKeyFile = (path: string, mostBytes: number) => KeyFile;

/** `hex:`, 64 bytes in digits, and line ends. */
const KEY_BYTES_MOST = 140;

/** Puts the bytes in the place of the file. */
export function readKeys({ instances, director }: Configuration, read: ReadKeyFile, report: Report): void {
  const ofAdverts = instances.flatMap(({ hmac }) => hmac?.keys ?? []);
  for (const key of ofAdverts) readOne(key, 'can take the addresses over', read, report);
  const proof = director.sync?.proof;
  for (const key of proof?.by === 'psk' ? proof.keys : [])
    readOne(key, 'can read connections and invent others', read, report);
}

/** `power`: what can be done with it. */
function readOne(key: SharedKey, power: string, read: ReadKeyFile, report: Report): void {
  if (!('file' in key.source)) return;
  const path = key.source.file;
  const file = read(path, KEY_BYTES_MOST);
  if (!file.ok) return report.add('CFG_KEY', key.at, `the key file ${path} ${file.says}`);
  reportOpen({ at: key.at, path, open: file.open, power }, report);
  const found = readKey(withoutLineEnd(Buffer.from(file.bytes)));
  if (found.ok) key.source = { hex: found.hex };
  else
    report.add(
      'CFG_KEY',
      key.at,
      `the key in ${path} ${found.complaint}`,
      'it holds `hex:` and digits, or the bytes themselves',
    );
}

type Open = { at: Span; path: string; open: string | undefined; power: string };

export function reportOpen({ at, path, open, power }: Open, report: Report): void {
  if (open === undefined) return;
  const message = `${open}: who has the key ${path} ${power}`;
  report.add('CFG_KEY_OPEN', at, message, `chown root ${path}; chmod 600 ${path}`);
}

/** Whoever writes it with an editor adds one. */
function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
