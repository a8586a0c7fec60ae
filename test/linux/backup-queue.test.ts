// What /proc says of the kernel's backup thread, and of how much is forwarded: lines of a 6.1 kernel.
import { expect, test } from 'vitest';
import { findQueue } from '../../src/linux/sync/injector.ts';
import { packetsOf } from '../../src/linux/sync/probe-flow.ts';

const HEAD = [
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt',
  '   uid  timeout inode ref pointer drops            \n',
].join('');
const line = (port: string, waiting: string, inode: number, drops: number, user = 0) =>
  `  620: 510000E0:${port} 00000000:0000 07 00000000:${waiting} 00:00000000 00000000 ` +
  `    ${user}        0 ${inode} 2 0000000021fba001 ${drops}            \n`;
const OTHER = line('2290', '00000A00', 90, 3);
const THREAD = line('2292', '0001F400', 91, 17);
const BESIDE = line('2292', '00000000', 92, 5, 990);
const STRANGER = line('2292', '00000A00', 93, 9, 1000);
const beside = { inode: '92', received: 40, user: 990 };

test('the thread of our port, how much waits in it and what it had no room for', () => {
  const found = { life: '91', waitingBytes: 0x1f400, drops: 17, arrived: 45 };
  expect(findQueue(HEAD + OTHER + STRANGER + BESIDE + THREAD, beside)).toEqual(found);
  expect(findQueue(HEAD + OTHER + STRANGER + THREAD + BESIDE, beside)).toEqual(found);
});

test('a thread that was started by somebody who is not root', () => {
  const thread = line('2292', '00000000', 94, 1, 990);
  expect(findQueue(HEAD + STRANGER + thread + BESIDE, beside)).toMatchObject({ life: '94', drops: 1 });
});

test('no thread, no queue', () => {
  expect(findQueue(HEAD + OTHER + BESIDE + STRANGER, beside)).toBeUndefined();
  expect(findQueue(HEAD, beside)).toBeUndefined();
});

test('packets in and out, as ip_vs_stats has them', () => {
  const head = '   Total Incoming Outgoing         Incoming         Outgoing\n';
  const units = '   Conns  Packets  Packets            Bytes            Bytes\n';
  expect(packetsOf(`${head}${units}      1A       1F       10              3E8              1F4\n\n`)).toBe(
    0x2f,
  );
});
