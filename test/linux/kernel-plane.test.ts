// Opening the kernel plane on this machine's kernel, whatever it has; what it does there is
// test/lab/kernel-plane.test.ts.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openKernelPlane, sumConnections } from '../../src/linux/kernel-plane.ts';

test('there is a plane exactly where the kernel has IPVS', async () => {
  const plane = await openKernelPlane();
  expect(plane !== undefined).toBe(existsSync('/proc/net/ip_vs'));
  if (plane !== undefined) expect(await plane.countConnections()).toBeGreaterThanOrEqual(0);
  await plane?.close();
});

test('connections are the sum of all servers, active and inactive', () => {
  // From /proc/net/ip_vs of Linux 6.1.
  const text = [
    'IP Virtual Server version 1.2.1 (size=4096)',
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
    'TCP  0A000064:0050 sh  persistent 30000 FFFFFF00',
    '  -> 0A010015:0050      Route   3      12         5         ',
    'UDP  [2001:0db8:0000:0000:0000:0000:0000:0100]:0035 rr ',
    '  -> [2001:0db8:0000:0000:0000:0000:0000:0021]:0035      Masq    1      0          100       ',
    'FWM  00000007 wlc ',
    '  -> 0A010009:0000      Route   1      1          0         ',
    '',
  ];
  expect(sumConnections(text.join('\n'))).toBe(118);
  expect(sumConnections(text.slice(0, 3).join('\n'))).toBe(0);
});
