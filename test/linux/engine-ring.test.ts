// Frames through memory shared with the kernel, on a cable of the test's own: whole, in order, however often
// the ring turns; larger ones beside it; what is lost is counted.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VNET } from '../../src/ipvs/embedded/frame.ts';
import { HEADROOM } from '../../src/ipvs/embedded/outbox.ts';
import { BATCH, ReceiveBatch } from '../../src/linux/engine/batch.ts';
import { PacketSocket } from '../../src/linux/engine/packet-socket.ts';
import { CLONE, pointerTo, unshare } from '../../src/linux/libc.ts';

const VRID = 51;
const HEAD = Buffer.from('00005e000133020000000001' + '88b5', 'hex');
const MTU = 1500;
const JUMBO = 9000;
const ETHERNET_BYTES = 14;

const ip = (words: string) => execFileSync('ip', words.split(' '));
const indexOf = (name: string) =>
  Number(JSON.parse(execFileSync('ip', ['-j', 'link', 'show', name], { encoding: 'utf8' }))[0].ifindex);

let sender: PacketSocket;
let receiver: PacketSocket;

beforeEach(() => {
  unshare(CLONE.NEWNET);
  ip(`link add here mtu ${JUMBO} type veth peer name there mtu ${JUMBO}`);
  for (const device of ['here', 'there']) {
    // Whoever has no address asks nobody whether it is his alone.
    ip(`link set ${device} addrgenmode none`);
    ip(`link set ${device} up`);
  }
  sender = new PacketSocket(indexOf('there'));
  receiver = new PacketSocket(indexOf('here'), { receiving: { mtu: MTU, large: new ReceiveBatch() } });
  receiver.want({ vrids: [{ vrid: VRID, family: 4 }], groups: [] });
});
afterEach(() => {
  sender.close();
  receiver.close();
});

/** The virtio_net_hdr, and a payload that says which frame it is, in every word. */
function numbered(number: number, payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(VNET.size + ETHERNET_BYTES + payloadBytes);
  HEAD.copy(bytes, VNET.size);
  for (let at = VNET.size + ETHERNET_BYTES; at + 4 <= bytes.length; at += 4) bytes.writeUInt32BE(number, at);
  return bytes;
}

function send(frames: readonly Buffer[]): void {
  for (let from = 0; from < frames.length; from += BATCH) {
    for (const frame of frames.slice(from, from + BATCH)) {
      sender.out.add(Number(pointerTo(frame)), frame.length);
    }
    sender.out.flush(sender.fd);
  }
}

/** All that waits, those that were cut short left out. */
function receiveAll(): Buffer[] {
  const ring = receiver.ring!;
  const received: Buffer[] = [];
  for (;;) {
    const count = ring.receive(receiver.fd);
    for (let i = 0; i < count; i++) {
      const start = ring.start(i);
      if (ring.length(i) > 0)
        received.push(Buffer.from(ring.bytesOf(i).subarray(start, start + ring.length(i))));
    }
    ring.release();
    if (count === 0) return received;
  }
}

test('every frame is whole and in its order, however often the ring turns', () => {
  for (let round = 0; round < 40; round++) {
    const frames = Array.from({ length: 500 }, (_, i) => numbered(round * 500 + i, 4 + ((i * 37) % MTU)));
    send(frames);
    const received = receiveAll();
    expect(received.length).toBe(frames.length);
    for (const [i, frame] of frames.entries()) expect(received[i]!.equals(frame)).toBe(true);
  }
  expect(receiver.lost()).toBe(0);
});

test('a frame has room before it for the header of a tunnel, and may be sent from where it is', () => {
  send([numbered(1, 100)]);
  const ring = receiver.ring!;
  expect(ring.receive(receiver.fd)).toBe(1);
  expect(ring.start(0) % 0x1000).toBeGreaterThanOrEqual(HEADROOM);
  const { bytes } = ring;
  bytes.fill(0xee, ring.start(0) - HEADROOM, ring.start(0));
  const where = Number(pointerTo(bytes));
  expect(ring.addressOf(0)).toBe(where);
  ring.release();
  expect(ring.receive(receiver.fd)).toBe(0);
});

test('larger frames than the link’s come beside the ring, whole and in their place', () => {
  for (let round = 0; round < 10; round++) {
    const frames = Array.from({ length: 90 }, (_, i) =>
      numbered(round * 90 + i, i % 3 === 0 ? JUMBO - i : 60 + i),
    );
    send(frames);
    const received = receiveAll();
    expect(received.map((frame) => frame.length)).toEqual(frames.map((frame) => frame.length));
    for (const [i, frame] of frames.entries()) expect(received[i]!.equals(frame)).toBe(true);
  }
});

test('what a full ring has no room for is counted, and the ring goes on', () => {
  const sent = 8_000;
  const small = Array.from({ length: sent }, (_, i) => numbered(i, 60));
  send(small);
  const received = receiveAll();
  expect(received.length).toBeGreaterThan(1_000);
  expect(received.length).toBeLessThan(sent);
  expect(received.every((frame, i) => frame.equals(small[i]!))).toBe(true);
  expect(receiver.lost()).toBe(sent - received.length);
  send(small.slice(0, 10));
  expect(receiveAll().length).toBe(10);
});

test('a large frame that the queue has no room for is left out and counted', () => {
  const sent = 3_000;
  const large = Array.from({ length: sent }, (_, i) => numbered(i, JUMBO));
  send(large);
  const received = receiveAll();
  expect(received.length).toBeGreaterThan(50);
  expect(received.length).toBeLessThan(sent);
  for (const frame of received) expect(frame.length).toBe(large[0]!.length);
  expect(receiver.lost()).toBe(sent - received.length);
});

test('closed and opened again and again it leaves no memory behind', () => {
  const mapped = () =>
    readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .filter((line) => line.includes('socket:'));
  const before = mapped().length;
  for (let i = 0; i < 30; i++) {
    new PacketSocket(indexOf('here'), { receiving: { mtu: MTU, large: new ReceiveBatch() } }).close();
  }
  expect(mapped().length).toBe(before);
  expect(before).toBeGreaterThan(0);
});
