// Announcements against the bytes that Debian's keepalived 2.2.7 sent for the same address (tcpdump on a
// veth pair).
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { checksumAdd, checksumFinish } from '../../src/core/checksum.ts';
import { announcement } from '../../src/vrrp/arp.ts';

const MAC = Buffer.from('eaf0b1b4b4c7', 'hex');

test("a gratuitous ARP is keepalived's, byte for byte", () => {
  const ethernet = `ffffffffffff${MAC.toString('hex')}0806`;
  const captured = '0001080006040001eaf0b1b4b4c70a010064ffffffffffff0a010064';
  expect(announcement(address('10.1.0.100'), MAC, true).toString('hex')).toBe(ethernet + captured);
});

test.each([
  [false, 0x20],
  [true, 0xa0],
])('an unsolicited neighbour advertisement: to all nodes, router %s, override', (isRouter, flags) => {
  const frame = announcement(address('fd00::50'), MAC, isRouter);
  expect(frame.length).toBe(14 + 40 + 32);
  expect(frame.subarray(0, 14).toString('hex')).toBe('333300000001eaf0b1b4b4c786dd');
  const [source, destination] = [frame.subarray(22, 38), frame.subarray(38, 54)];
  expect(source.toString('hex')).toBe('fd000000000000000000000000000050');
  expect(destination.toString('hex')).toBe('ff020000000000000000000000000001');
  expect(frame[21]).toBe(255);
  const message = frame.subarray(54);
  expect([message[0], message[4], message[24]]).toEqual([136, flags, 2]);
  expect(message.subarray(26, 32)).toEqual(MAC);
  const pseudo = Buffer.concat([source, destination, Buffer.from([0, 0, 0, 32, 0, 0, 0, 58])]);
  expect(checksumFinish(checksumAdd(checksumAdd(0, pseudo), message))).toBe(0);
});
