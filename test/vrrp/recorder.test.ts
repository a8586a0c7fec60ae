// What the flight recorder keeps of an election: packets, timers, transitions, drops; nothing secret, and
// nothing that says what an advert says already.
import { beforeEach, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { createElector } from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { decodeAdvert, encodeAdvert, passwordField, withoutPassword } from '../../src/vrrp/packet.ts';
import {
  copyRecorder,
  KINDS,
  noteAction,
  openRecorder,
  type RecorderMemory,
  recorderMemory,
} from '../../src/vrrp/recorder.ts';
import { records } from '../../src/vrrp/ring.ts';
import { LINK } from '../sim/world.ts';
import { GROUP, Lone, OURS, THEIRS } from './lone.ts';

let memory: RecorderMemory;
let lone: Lone;
beforeEach(() => {
  memory = recorderMemory();
  lone = new Lone();
  lone.elector.recorder = openRecorder(memory);
});
/** As the thread does it. */
const perform = (actions: readonly Action[]) => {
  for (const action of actions) noteAction(lone.elector.recorder!, action, lone.nowMs);
};
const kept = () => {
  const { traffic, events } = copyRecorder(memory);
  return [...records(traffic), ...records(events)]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ kind, name, body }) => ({ kind: KINDS[kind]!, name, body }));
};
const texts = (...kinds: string[]) =>
  kept().flatMap(({ kind, name, body }) => (kinds.includes(kind) ? [`${kind} ${name}: ${body}`] : []));

describe('of an election', () => {
  test('transitions, addresses and timers are kept, what is renewed only once', () => {
    perform(lone.link([OURS, address('10.0.0.99')]));
    perform(lone.link([OURS, address('10.0.0.99')]));
    perform(lone.configure([{}], { leaseSeconds: 5 }));
    perform(lone.pass(20_000));
    perform(lone.hear());
    perform(lone.pass(20));
    const heard = [
      `link ${LINK}: up 10.0.0.11 10.0.0.99`,
      'command : configure',
      'expired VI_1: masterDown, 0.0 ms late',
      'state VI_1: INIT → BACKUP (started)',
      'state VI_1: BACKUP → MASTER (no master heard)',
      `addressAdded ${LINK}: 10.0.0.50`,
      'state VI_1: MASTER → BACKUP (better master)',
      `addressRemoved ${LINK}: 10.0.0.50`,
    ];
    const all = texts('link', 'command', 'armed', 'expired', 'state', 'addressAdded', 'addressRemoved');
    for (const line of heard) expect(all.filter((one) => one === line)).toEqual([line]);
    expect(texts('armed').slice(0, 2)).toEqual([
      'armed VI_1: masterDown in 3609.4 ms',
      'armed VI_1: linger in 20.0 ms',
    ]);
    expect(all.filter((line) => line.includes('advert'))).toEqual([]);
    expect(kept().filter(({ kind }) => kind === 'sent').length).toBeGreaterThan(15);
  });

  test('an advert that is late is, and a timer that is brought forward', () => {
    perform(lone.configure());
    perform(lone.pass(5000));
    lone.nowMs += 1200;
    perform(lone.feed({ type: 'wake' }));
    expect(texts('expired').at(-1)).toMatch(/^expired VI_1: advert, \d{3}\.\d ms late$/);
    perform(lone.hear());
    perform(lone.hear({ priority: 0 }));
    expect(texts('armed').at(-1)).toBe('armed VI_1: masterDown in 609.4 ms');
  });

  test('each advert that is dropped is, with its reason, though only the first is told', () => {
    perform(lone.configure());
    for (let n = 0; n < 3; n++) perform(lone.hear({ ttl: 7 }));
    expect(texts('dropped')).toEqual(Array(3).fill('dropped VI_1: wrong-ttl'));
    expect(texts('notice')).toHaveLength(1);
    expect(kept().filter(({ kind }) => kind === 'heard')).toHaveLength(3);
  });

  test('whoever else answers for an address is', () => {
    perform(lone.configure());
    lone.feed({ type: 'claim', interface: LINK, address: address('10.0.0.50'), mac: '02:00:00:00:00:07' });
    expect(texts('claim')).toEqual([`claim ${LINK}: 10.0.0.50 02:00:00:00:00:07`]);
  });

  test('a flood of packets does not drive out what happened', () => {
    perform(lone.configure());
    for (let n = 0; n < 40_000; n++) lone.hear({ ttl: 7 });
    expect(texts('state')).toEqual(['state VI_1: INIT → BACKUP (started)']);
    const { traffic, events } = copyRecorder(memory);
    expect(traffic.length).toBeLessThanOrEqual(1 << 20);
    expect(events.length).toBeLessThanOrEqual(1 << 17);
  });
});

describe('a password', () => {
  const password = passwordField('S3cr3t!x');
  const advert = { version: 2 as const, vrid: 51, priority: 200, intervalMs: 1000, ttl: 255, password };
  const packet = encodeAdvert({
    ...advert,
    addresses: [address('10.0.0.50'), address('10.0.0.51')],
    source: THEIRS,
    destination: GROUP,
  });

  test('is in nothing that is kept, sent or heard; the packet is what it was but for it', () => {
    perform(lone.configure([{ version: 2, password: 'S3cr3t!x', advertMs: 1000 }]));
    lone.feed({ type: 'packet', interface: LINK, bytes: packet });
    perform(lone.pass(9000));
    const { traffic, events } = copyRecorder(memory);
    expect(Buffer.concat([traffic, events]).includes(password.subarray(0, 4))).toBe(false);
    expect(kept().filter(({ kind }) => kind === 'sent').length).toBeGreaterThan(3);
    const [heard] = kept().filter(({ kind }) => kind === 'heard');
    const decoded = decodeAdvert(heard!.body);
    expect(decoded).toMatchObject({ ok: true, advert: { ...advert, password: Buffer.alloc(8) } });
    expect(packet.includes(password)).toBe(true); // ours to read, not to change
  });

  test('is left out wherever it is in a packet that is damaged, and a wrong checksum stays wrong', () => {
    for (let bit = 8 * 20 + 4; bit < (packet.length - 8) * 8; bit++) {
      const bad = Buffer.from(packet);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      if (bad[20]! >> 4 !== 2) continue;
      const clean = withoutPassword(bad);
      expect(clean.includes(password.subarray(0, 4))).toBe(false);
      expect(decodeAdvert(clean).ok).toBe(false);
    }
    for (let length = 29; length < packet.length; length++)
      expect(withoutPassword(packet.subarray(0, length)).includes(password.subarray(0, 1), 28)).toBe(false);
  });

  test('in version 3 there is none', () => {
    const three = encodeAdvert({ ...advert, version: 3, addresses: [], source: OURS, destination: GROUP });
    expect(withoutPassword(three)).toBe(three);
  });
});

test('without a recorder nothing is', () => {
  expect(createElector().recorder).toBeUndefined();
});
