// The stream machine, step by step: what waits when the peer does not answer, and what becomes of a peer that
// does not keep to the protocol. What two of them do together is in sim/.
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { encodeDatagrams } from '../../src/sync/encode.ts';
import type { SyncEntry } from '../../src/sync/entry.ts';
import { encodeFrame, type Frame, FrameReader, type Hello } from '../../src/sync/frame.ts';
import { remembered } from '../../src/sync/remembered.ts';
import { Shadow } from '../../src/sync/shadow.ts';
import { Stream, type StreamEffect, type StreamEvent } from '../../src/sync/stream.ts';
import { VirtualAddresses } from '../../src/sync/virtual-addresses.ts';
import { decodeDatagram } from '../../src/sync/wire.ts';

const own: Hello = { bootId: '01'.repeat(16), epoch: 1, engine: 'kernel', capacity: 200_000 };
const peer: Hello = { ...own, bootId: '02'.repeat(16) };
const VIP = VirtualAddresses.these([address('10.0.0.100')]);
const entry = (clientPort: number, more: Partial<SyncEntry> = {}): SyncEntry =>
  ({
    family: 4,
    protocol: 6,
    flags: 0,
    state: 1,
    clientPort: clientPort & 0xffff,
    virtualPort: 80,
    serverPort: 8080,
    fwmark: 0,
    timeoutSeconds: 900,
    client: 0x0a000000 + (clientPort >> 16),
    virtual: 0x0a000064,
    server: 0x0a01000b,
    ...more,
  }) as SyncEntry;
const datagramOf = (entries: readonly SyncEntry[]) => encodeDatagrams({ syncId: 0, maxlen: 9188 }, entries);

/** One of ours and what a peer makes of it. */
class Talk {
  readonly shadow: Shadow;
  readonly stream: Stream;
  nowMs = 0;
  #connection = 0;

  constructor(hello = own) {
    this.shadow = new Shadow({ capacity: hello.capacity, seed: 1 });
    this.stream = new Stream({ hello, shadow: this.shadow });
  }

  step(event: StreamEvent): StreamEffect[] {
    return this.stream.step(event, this.nowMs);
  }
  connect(): Frame[] {
    return framesOf(this.step({ type: 'connected', connection: ++this.#connection }));
  }
  hear(...frames: Frame[]): StreamEffect[] {
    return this.hearBytes(Buffer.concat(frames.map(encodeFrame)));
  }
  hearBytes(bytes: Buffer): StreamEffect[] {
    return this.step({ type: 'received', connection: this.#connection, bytes });
  }
  greet(more: Partial<Hello & { clock: number }> = {}): Frame[] {
    return framesOf(this.hear({ type: 'hello', lowest: 1, highest: 1, clock: 0, ...peer, ...more }));
  }
  injected(upTo: number): Frame[] {
    return framesOf(this.step({ type: 'injected', connection: this.#connection, upTo }));
  }
  learn(entries: readonly SyncEntry[]): StreamEffect[] {
    return datagramOf(entries).flatMap((datagram) => this.step({ type: 'learned', datagram }));
  }
  /** Time goes on, and the machine is woken when it wants to be; answers all that it did. */
  pass(ms: number, meanwhile: () => StreamEffect[] = () => []): StreamEffect[] {
    const effects: StreamEffect[] = [];
    for (const untilMs = this.nowMs + ms; this.stream.nextDeadlineMs <= untilMs; ) {
      this.nowMs = Math.max(this.nowMs, this.stream.nextDeadlineMs);
      effects.push(...this.step({ type: 'wake' }), ...meanwhile());
    }
    return effects;
  }
}

const reader = () => {
  const frames = new FrameReader();
  frames.read(encodeFrame({ type: 'hello', lowest: 1, highest: 1, clock: 0, ...own }), () => true);
  return frames;
};
function entriesIn(datagram: Buffer): SyncEntry[] {
  const decoded = decodeDatagram(datagram);
  return decoded.ok ? decoded.message.entries : [];
}
function framesOf(effects: readonly StreamEffect[]): Frame[] {
  const frames: Frame[] = [];
  for (const effect of effects)
    if (effect.do === 'send') reader().read(effect.bytes, (one) => frames.push(one) > 0);
  return frames;
}
const goodbyes = (effects: readonly StreamEffect[]) =>
  framesOf(effects).flatMap((frame) => (frame.type === 'goodbye' ? [frame.reason] : []));
const entries = (upTo: number, all: readonly SyncEntry[], stamps = all.map(() => upTo)): Frame => ({
  type: 'entries',
  upTo,
  stamps,
  datagram: datagramOf(all)[0]!,
});

test('who does not acknowledge is sent a window; what changes meanwhile takes no more room', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.learn(Array.from({ length: 20_000 }, (_, port) => entry(port)));
  talk.connect();
  talk.greet();
  const sent = framesOf(talk.hear({ type: 'subscribe', from: 0 })).filter(({ type }) => type === 'entries');
  expect(sent).toHaveLength(64);
  for (let round = 0; round < 3; round++)
    expect(talk.learn(Array.from({ length: 1000 }, (_, port) => entry(port, { state: 4 + round })))).toEqual(
      [],
    );
  expect(talk.stream.status(0)).toMatchObject({ connections: 20_000, covered: 0, state: 'resyncing' });
  let told = 64 * 255;
  for (let { upTo } = sent.at(-1) as Frame & { type: 'entries' }; ; ) {
    const more = framesOf(talk.hear({ type: 'ack', upTo, refused: 0 })).filter(
      (one) => one.type === 'entries',
    );
    if (more.length === 0) break;
    told += more.reduce((sum, each) => sum + each.stamps.length, 0);
    upTo = more.at(-1)!.upTo;
  }
  // The thousand had been sent before they changed: they are told once more, as they are in the end.
  expect(told).toBe(21_000);
  expect(talk.stream.status(0)).toMatchObject({ covered: 20_000, lagMs: 0 });
});

test('acknowledged is what is in the engine', () => {
  const talk = new Talk();
  talk.connect();
  talk.greet();
  const effects = talk.hear(entries(1, [entry(1)]), entries(2, [entry(2)]));
  expect(effects.map((effect) => effect.do)).toEqual(['inject', 'inject']);
  expect(talk.injected(1)).toEqual([{ type: 'ack', upTo: 1, refused: 0 }]);
  expect(talk.injected(2)).toEqual([{ type: 'ack', upTo: 2, refused: 0 }]);
});

test('a node that only hears lags behind nobody', () => {
  const talk = new Talk();
  talk.connect();
  talk.greet();
  talk.hear({ type: 'subscribe', from: 0 });
  talk.hear(entries(1, [entry(1)]));
  talk.nowMs = 100;
  talk.injected(1);
  talk.hear(entries(2, [entry(2)]));
  talk.injected(2);
  expect(talk.stream.status(talk.nowMs)).toMatchObject({ lagMs: 0, connections: 2, covered: 2 });
});

test('lag is the age of the oldest change that is not acknowledged', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.connect();
  talk.greet();
  talk.hear({ type: 'subscribe', from: 0 });
  talk.nowMs = 1000;
  talk.learn([entry(1)]);
  talk.nowMs = 1030;
  talk.learn([entry(2)]);
  talk.nowMs = 1040;
  expect(talk.stream.status(talk.nowMs)).toMatchObject({ lagMs: 40, connections: 2, covered: 0 });
  talk.hear({ type: 'ack', upTo: 1, refused: 0 });
  expect(talk.stream.status(talk.nowMs)).toMatchObject({ lagMs: 10, covered: 1 });
  expect(talk.stream.status(talk.nowMs).services).toEqual([
    { service: 'TCP 10.0.0.100:80', total: 2, covered: 1 },
  ]);
});

const once = entries(1, [entry(1)]);
test.each<[string, string, readonly Frame[]]>([
  ['a frame that was there before', 'order', [once, once]],
  ['a frame of the past', 'order', [entries(2, [entry(1)]), once]],
  ['a mark of the past', 'order', [once, { type: 'mark', upTo: 0, entries: 1, digest: 0, complete: true }]],
  ['a sum that differs', 'digest', [once, { type: 'mark', upTo: 1, entries: 1, digest: 5, complete: true }]],
  ['a datagram cut short', 'datagram', [{ ...once, datagram: Buffer.alloc(20) } as Frame]],
  ['fewer stamps than entries', 'datagram', [entries(1, [entry(1), entry(2)], [1])]],
  ['more stamps than entries', 'datagram', [entries(1, [entry(1)], [1, 2])]],
  [
    'an acknowledgement of what was not sent',
    'ack',
    [
      { type: 'subscribe', from: 0 },
      { type: 'ack', upTo: 9, refused: 0 },
    ],
  ],
  ['an acknowledgement without a subscription', 'ack', [{ type: 'ack', upTo: 0, refused: 0 }]],
  ['a past that never was', 'unknown-past', [{ type: 'subscribe', from: 9 }]],
  [
    'two subscriptions',
    'subscribed-twice',
    [
      { type: 'subscribe', from: 0 },
      { type: 'subscribe', from: 0 },
    ],
  ],
  ['two greetings', 'greeted-twice', [{ type: 'hello', lowest: 1, highest: 1, clock: 0, ...peer }]],
])('%s ends the connection (%s), and nothing after it counts', (_, reason, frames) => {
  const talk = new Talk();
  talk.connect();
  talk.greet();
  const effects = talk.hear(...frames, entries(50, [entry(50)]));
  expect(goodbyes(effects)).toEqual([reason]);
  expect(effects.some((effect) => effect.do === 'close')).toBe(true);
  expect(talk.hear(entries(60, [entry(60)]))).toEqual([]);
  expect(talk.shadow.count).toBeLessThanOrEqual(1);
});

test('who does not greet is not heard', () => {
  const talk = new Talk();
  talk.connect();
  expect(goodbyes(talk.hear(once))).toEqual(['not-greeted']);
  expect(talk.shadow.count).toBe(0);
  talk.connect();
  expect(goodbyes(talk.pass(3500))).toEqual(['silent']);
});

test('a connection goes on where the last one ended, unless that ended in a fault', () => {
  const talk = new Talk();
  const subscribes = (frames: Frame[]) => frames.filter(({ type }) => type === 'subscribe');
  talk.connect();
  expect(subscribes(talk.greet())).toEqual([{ type: 'subscribe', from: 0 }]);
  talk.hear(once);
  talk.injected(1);
  talk.hear(entries(2, [entry(2)])); // on its way into the engine when the connection ends
  talk.step({ type: 'closed', connection: 1 });
  talk.connect();
  expect(subscribes(talk.greet())).toEqual([{ type: 'subscribe', from: 1 }]);
  talk.hear(once);
  talk.connect();
  expect(subscribes(talk.greet())).toEqual([{ type: 'subscribe', from: 0 }]);
  talk.hear(once);
  talk.injected(1);
  talk.connect();
  expect(subscribes(talk.greet({ epoch: 2 }))).toEqual([{ type: 'subscribe', from: 0 }]);
});

test('tables that count apart for ten heartbeats are copied anew, and not again for a minute', () => {
  const talk = new Talk();
  const isApart = () => {
    talk.connect();
    talk.greet();
    talk.hear(
      { type: 'subscribe', from: 0 },
      { type: 'mark', upTo: 0, entries: 0, digest: 0, complete: true },
    );
    const beat = (): StreamEffect[] => talk.hear({ type: 'heartbeat', connections: 1000 });
    return [...goodbyes(talk.pass(4000, beat)), 'then', ...goodbyes(talk.pass(2000, beat))];
  };
  expect(isApart()).toEqual(['then', 'counts']);
  expect(isApart()).toEqual(['then']);
  talk.nowMs += 60_000;
  expect(isApart()).toEqual(['then', 'counts']);
});

test('the peer hears how many connections there were when it was last told of all', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.connect();
  talk.greet();
  const claimed = (effects: readonly StreamEffect[]) =>
    framesOf(effects).flatMap((frame) => (frame.type === 'heartbeat' ? [frame.connections] : []));
  const lastOf = (effects: readonly StreamEffect[]) =>
    framesOf(effects).reduce((upTo, frame) => (frame.type === 'entries' ? frame.upTo : upTo), 0);
  talk.hear({ type: 'subscribe', from: 0 });
  const sent = talk.learn(Array.from({ length: 20_000 }, (_, port) => entry(port)));
  expect(claimed(talk.pass(600))).toEqual([0]);
  const rest = talk.hear({ type: 'ack', upTo: lastOf(sent), refused: 0 });
  expect(lastOf(rest)).toBe(20_000);
  expect(claimed(talk.pass(600))).toEqual([20_000]);
});

test('what the peer has no room for is not covered', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.learn([entry(1), entry(2), entry(3)]);
  talk.connect();
  talk.greet();
  talk.hear({ type: 'subscribe', from: 0 });
  expect(talk.stream.status(0)).toMatchObject({ connections: 3, covered: 0 });
  talk.hear({ type: 'ack', upTo: 3, refused: 2 });
  expect(talk.stream.status(0)).toMatchObject({ connections: 3, covered: 1, refusedByPeer: 2 });
});

test('who refused something is told all anew by the next connection', () => {
  const talk = new Talk({ ...own, capacity: 1 });
  talk.connect();
  talk.greet();
  talk.hear(entries(2, [entry(1), entry(2)]));
  expect(talk.injected(2)).toEqual([{ type: 'ack', upTo: 2, refused: 1 }]);
  talk.connect();
  expect(talk.greet()).toContainEqual({ type: 'subscribe', from: 0 });
});

test("what comes about here is newer than the peer's clock, also when nothing else was heard", () => {
  const talk = new Talk();
  talk.connect();
  talk.greet({ clock: 5000 });
  talk.hear({ type: 'subscribe', from: 0 });
  talk.step({ type: 'serve', addresses: VIP });
  const [told] = framesOf(talk.learn([entry(1)])) as (Frame & { type: 'entries' })[];
  expect(told!.stamps[0]).toBeGreaterThan(2 ** 32 + 5000);
});

test('orders are told to who has greeted, and heard from it; what is none ends the connection', () => {
  const talk = new Talk();
  const orders: Frame = { type: 'orders', serial: 1, clock: 7, orders: [] };
  talk.connect();
  expect(talk.step({ type: 'tell', frame: orders })).toEqual([]);
  expect(goodbyes(talk.hear(orders))).toEqual(['not-greeted']);
  talk.connect();
  const greeted = talk.hear({ type: 'hello', lowest: 1, highest: 1, clock: 0, ...peer });
  expect(greeted.map((effect) => effect.do)).toContain('greeted');
  expect(framesOf(talk.step({ type: 'tell', frame: orders }))).toEqual([orders]);
  expect(talk.hear(orders)).toEqual([{ do: 'heed', frame: orders }]);
  const held: Frame = { type: 'held', serial: 1, unknown: [] };
  expect(talk.hear(held)).toEqual([{ do: 'heed', frame: held }]);
  const tooMany = encodeFrame(orders).with(18, 1);
  expect(goodbyes(talk.hearBytes(Buffer.from(tooMany)))).toEqual(['orders']);
});

test('who stops says so', () => {
  const talk = new Talk();
  talk.connect();
  talk.greet();
  expect(goodbyes(talk.step({ type: 'stop' }))).toEqual(['stopping']);
  expect(talk.step({ type: 'connected', connection: 9 })).toEqual([]);
});

test('what is found in the table by looking counts less than what is known', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.learn([entry(1, { state: 7, flags: 0x100 })]);
  const [datagram] = datagramOf([entry(1), entry(2)]);
  talk.step({ type: 'found', datagram: datagram! });
  talk.connect();
  talk.greet();
  const frames = framesOf(talk.hear({ type: 'subscribe', from: 0 }));
  const entries = frames.flatMap((frame) => (frame.type === 'entries' ? entriesIn(frame.datagram) : []));
  expect(entries.map(({ clientPort, state }) => [clientPort, state])).toEqual([
    [1, 7],
    [2, 1],
  ]);
});

test('an engine that forgot is told again of what the peer told, and of nothing else', () => {
  const talk = new Talk();
  talk.step({ type: 'serve', addresses: VIP });
  talk.learn([entry(1)]);
  talk.connect();
  talk.greet();
  const told = Array.from({ length: 600 }, (_, i) => entry(1000 + i));
  let upTo = 0;
  for (const datagram of datagramOf(told)) {
    const stamps = Array.from({ length: datagram[4]! }, () => 5);
    upTo += stamps.length;
    talk.hear({ type: 'entries', upTo, stamps, datagram });
  }
  const again: SyncEntry[] = [];
  for (const datagram of remembered(talk.shadow)) again.push(...entriesIn(datagram));
  expect(again).toEqual(told);
});
