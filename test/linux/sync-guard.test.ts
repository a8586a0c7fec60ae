// Nobody but the director tells the machine's kernel of connections: the packet filter, by the kernel and
// nft.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./sync-guard-program.ts', import.meta.url));

test('what another user sends on the interface of the sync threads does not arrive', () => {
  const output = execFileSync('unshare', ['--net', process.execPath, PROGRAM], { encoding: 'utf8' });
  const seen = JSON.parse(output);
  const { own } = seen;
  expect(seen).toMatchObject({
    without: [own, '65534'].toSorted(),
    withIt: [own],
    after: [own, '65534'].toSorted(),
  });
  expect(seen.refused).toBeUndefined();
  expect(seen.rules).toContain(`oifname "lvs-sync" meta skuid != ${own} drop`);
});
