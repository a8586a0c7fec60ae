// Keys of adverts that stand in files: what is in them, and who else could read it. Looking at files is the
// caller's. A key that cannot be had is an error; one that others can read is used, as keepalived does, and
// complained of.
import type { Configuration, HmacKey } from '../model.ts';
import type { Report } from '../report.ts';
import { readKey } from '../schema/auth-hmac.ts';

/** `open`: whoever else can read it, or put another in its place. */
export type KeyFile = { ok: true; bytes: Uint8Array; open?: string } | { ok: false; says: string };
export type ReadKeyFile = (path: string) => KeyFile;

/** Puts the bytes in the place of the file. */
export function readKeys({ instances }: Configuration, read: ReadKeyFile, report: Report): void {
  for (const key of instances.flatMap(({ hmac }) => hmac?.keys ?? []))
    if ('file' in key.source) readOne(key, key.source.file, read(key.source.file), report);
}

function readOne(key: HmacKey, path: string, file: KeyFile, report: Report): void {
  if (!file.ok) return report.add('CFG_KEY', key.at, `the key file ${path} ${file.says}`);
  if (file.open !== undefined) {
    const message = `${file.open}: who has the key ${path} can take the addresses over`;
    report.add('CFG_KEY_OPEN', key.at, message, `chown root ${path}; chmod 600 ${path}`);
  }
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

/** Whoever writes it with an editor adds one. */
function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
