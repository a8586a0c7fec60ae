// Announcements against the bytes that Debian's keepalived 2.2.7 sent for the same address (tcpdump on a
// veth pair); what asks who has an address, and the answers.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { checksumAdd, checksumFinish } from '../../src/core/checksum.ts';
import { arpProbe, claimInArp, gratuitousArp } from '../../src/vrrp/arp.ts';
import {
  claimInAdvertisement,
  neighbourAdvertisement,
  neighbourSolicitation,
} from '../../src/vrrp/neighbour.ts';

const MAC = Buffer.from('eaf0b1b4b4c7', 'hex');

test("a gratuitous ARP is keepalived's, byte for byte", () => {
  const ethernet = `ffffffffffff${MAC.toString('hex')}0806`;
  const captured = '0001080006040001eaf0b1b4b4c70a010064ffffffffffff0a010064';
  expect(gratuitousArp(address('10.1.0.100'), MAC).toString('hex')).toBe(ethernet + captured);
});

test.each([
  [false, 0x20],
  [true, 0xa0],
])('an unsolicited neighbour advertisement: to all nodes, router %s, override', (isRouter, flags) => {
  const frame = neighbourAdvertisement(address('fd00::50'), MAC, isRouter);
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

test('a probe is from nobody; a reply tells who has it', () => {
  const mac = Buffer.from('7a3ac5627301', 'hex');
  const probe = arpProbe(address('10.1.0.100'), mac);
  const rest = '7a3ac56273010806000108000604000' + '17a3ac562730100000000' + '0000000000000a010064';
  expect(probe.toString('hex')).toBe(`ffffffffffff${rest}`);
  const ofFew = arpProbe(address('10.1.0.100'), mac, address('239.129.0.18'));
  expect(ofFew.toString('hex')).toBe(`01005e010012${rest}`);
  expect(claimInArp(probe)).toBeUndefined();
  const reply = Buffer.from(probe);
  reply[21] = 2;
  MAC.copy(reply, 22);
  Buffer.from([10, 1, 0, 100]).copy(reply, 28);
  expect(claimInArp(reply)).toEqual({ address: '10.1.0.100', mac: 'ea:f0:b1:b4:b4:c7' });
  expect(claimInArp(reply.subarray(0, 41))).toBeUndefined();
});

test("a solicitation is the kernel's, byte for byte; an advertisement tells who has it", () => {
  // Of Linux 6.18, that pings it (tcpdump on a veth pair).
  const frame = neighbourSolicitation(address('fd00::50'), MAC, address('fe80::e8f0:b1ff:feb4:b4c7'));
  const captured =
    '3333ff000050eaf0b1b4b4c786dd' +
    '6000000000203afffe80000000000000e8f0b1fffeb4b4c7ff0200000000000000000001ff000050' +
    '8700dda200000000fd0000000000000000000000000000500101eaf0b1b4b4c7';
  expect(frame.toString('hex')).toBe(captured);
  expect(claimInAdvertisement(frame.subarray(54), 255)).toBeUndefined();
  const advertisement = neighbourAdvertisement(address('fd00::50'), MAC, false).subarray(54);
  const told = { address: 'fd00::50', mac: 'ea:f0:b1:b4:b4:c7' };
  expect(claimInAdvertisement(advertisement, 255)).toEqual(told);
  expect(claimInAdvertisement(advertisement, 254)).toBeUndefined();
  // Behind another option, and without any.
  const nonce = Buffer.from([14, 1, 0, 0, 0, 0, 0, 0]);
  const longer = Buffer.concat([advertisement.subarray(0, 24), nonce, advertisement.subarray(24)]);
  expect(claimInAdvertisement(longer, 255)).toEqual(told);
  for (let length = 0; length < 32; length++)
    expect(claimInAdvertisement(advertisement.subarray(0, length), 255)).toBeUndefined();
  longer[25] = 0; // no length at all: an endless list
  expect(claimInAdvertisement(longer, 255)).toBeUndefined();
});
