// Connection sync of our own in the file of a director, and the key that both have.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { addressOf, type DirectorName, type Family } from './addresses.ts';
import { runtimeDirectory } from './director.ts';

const KEY = '/run/sync.key';

export function makeSyncKey(): void {
  writeFileSync(KEY, `hex:${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

export function syncBlock(node: DirectorName, family: Family = 4): string {
  const other = node === 'dirA' ? 'dirB' : 'dirA';
  return `director {
    runtime_directory ${runtimeDirectory(node)}
    sync {
        listen ${addressOf(node, 'eth0', family)}
        peer ${addressOf(other, 'eth0', family)}
        psk ${KEY}
    }
}
`;
}
