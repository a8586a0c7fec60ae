// How much an advert socket keeps, and what priority an elector asks for that was woken late.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { raisedPriority } from '../../src/vrrp/lateness.ts';
import { type BufferPolicy, leastReceiveBuffer, receiveBufferFor } from '../../src/vrrp/receive-buffer.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { LINK } from '../sim/world.ts';
import { Lone } from './lone.ts';

const MTU = 1500;
describe('the receive buffer of a socket', () => {
  const kept = (receiveBuffer: BufferPolicy | undefined, ...own: Partial<InstanceSettings>[]) => {
    const lone = new Lone();
    lone.configure(
      own.map((one, i) => ({ name: `V${i}`, vrid: i + 1, ...one })),
      receiveBuffer && { receiveBuffer },
    );
    return receiveBufferFor(lone.elector, { name: LINK, family: 4 }, MTU);
  };
  const six = { multicastGroup: address('ff02::12') };
  test.each<[string, BufferPolicy | undefined, Partial<InstanceSettings>[], number]>([
    ['is the system’s where nobody says', undefined, [{}], 0],
    ['adds up', { of: 'mtu', times: 3 }, [{}, {}], 9000],
    ['is for those that share it', { of: 'mtu', times: 3 }, [{}, six, { interface: 'eth9' }], 4500],
    [
      'is what an instance says before all others',
      { of: 'mtu', times: 3 },
      [{ receiveBytes: 100 }, {}],
      4600,
    ],
    ['is that of one instance', undefined, [{ receiveBytes: 100 }, {}], 100],
    ['is a number', { bytes: 5000 }, [{}, {}], 10_000],
    // Seen of keepalived 2.2.7 by strace, as the sums above.
    ['is so many adverts', { of: 'advert', times: 100 }, [{}, { version: 2 }], 7200],
  ])('%s', (_, policy, own, bytes) => {
    expect(kept(policy, ...own)).toBe(bytes);
  });

  test('has room for three adverts of each, whatever the system gives', () => {
    const lone = new Lone();
    const names = Array.from({ length: 255 }, (_, i) => ({ name: `V${i}`, vrid: i + 1 }));
    lone.configure(names);
    const least = (family: 4 | 6) => leastReceiveBuffer(lone.elector, { name: LINK, family });
    // Of a frame the kernel counts 2,304 bytes at most on common drivers, and doubles what it is asked for.
    expect(2 * least(4)).toBe(255 * 3 * 2304);
    expect(least(6)).toBe(0);
  });
});

describe('max_auto_priority', () => {
  const urgency = { mostPriority: 2, lateMs: 1000 };
  test.each([
    ['in time', 0, 999, undefined],
    ['late for the first time', 0, 1000, 1],
    ['late again', 1, 5000, 2],
    ['late at the highest', 2, 5000, undefined],
    ['late above it', 50, 5000, undefined],
  ])('%s', (_, current, lateMs, next) => {
    expect(raisedPriority(current, lateMs, urgency)).toBe(next);
  });
});
