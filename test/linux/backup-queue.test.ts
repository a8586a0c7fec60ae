// What /proc says of the kernel's backup thread, and of how much is forwarded: lines of a 6.1 kernel.
import { expect, test } from 'vitest';
import { findQueue } from '../../src/linux/sync/injector.ts';
import { packetsOf } from '../../src/linux/sync/probe-flow.ts';

const HEAD = [
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt',
  '   uid  timeout inode ref pointer drops            \n',
].join('');
const line = (port: string, waiting: string, inode: number, drops: number) =>
  `  620: 510000E0:${port} 00000000:0000 07 00000000:${waiting} 00:00000000 00000000 ` +
  `    0        0 ${inode} 2 0000000021fba001 ${drops}            \n`;
const OTHER = line('2290', '00000A00', 90, 3);
const OURS = line('2292', '0001F400', 91, 17);

test('the thread of our port, how much waits in it and what it had no room for', () => {
  expect(findQueue(HEAD + OTHER + OURS)).toEqual({ life: '91', waitingBytes: 0x1f400, drops: 17 });
});

test('no thread, no queue', () => {
  expect(findQueue(HEAD + OTHER)).toBeUndefined();
  expect(findQueue(HEAD)).toBeUndefined();
});

test('packets in and out, as ip_vs_stats has them', () => {
  const head = '   Total Incoming Outgoing         Incoming         Outgoing\n';
  const units = '   Conns  Packets  Packets            Bytes            Bytes\n';
  expect(packetsOf(`${head}${units}      1A       1F       10              3E8              1F4\n\n`)).toBe(
    0x2f,
  );
});
