// Signed adverts between electors: whole packets out of one and into another, what an attacker on the link
// can make of them, and keys that change while the pair runs. The trailer alone is in auth.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import type { HmacSettings } from '../../src/vrrp/auth.ts';
import {
  createElector,
  type Elector,
  type Input,
  nextDeadlineMs,
  stepElector,
} from '../../src/vrrp/elector.ts';
import type { Action } from '../../src/vrrp/instance.ts';
import { decodeAdvert } from '../../src/vrrp/packet.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { instanceSettings, LINK } from '../sim/world.ts';

const ONE = { id: 1, secret: '11'.repeat(32) };
const TWO = { id: 2, secret: '22'.repeat(32) };
const WRONG = { id: 1, secret: '33'.repeat(32) };
/** What is added to the elector's own clock: UTC of some day. */
const UTC = 1_795_392_000_000;
const A = address('10.0.0.1');
const B = address('10.0.0.2');

function hmac(own: Partial<HmacSettings> = {}): HmacSettings {
  return { keys: [ONE], activeKey: 1, mode: 'enforce', antiReplay: 'time', windowSeconds: 5, ...own };
}
class Router {
  readonly elector: Elector = createElector();
  readonly actions: Action[] = [];
  own: InstanceSettings;
  wallOffsetMs = UTC;
  constructor(source: Address, own: Partial<InstanceSettings>) {
    this.own = instanceSettings(own);
    this.step({ type: 'link', interface: LINK, link: { up: true, addresses: [source] } }, 0);
    this.configure({}, 0);
  }
  step(input: Input, nowMs: number): Action[] {
    const made = stepElector(this.elector, input, nowMs, nowMs + this.wallOffsetMs);
    this.actions.push(...made);
    return made;
  }
  configure(own: Partial<InstanceSettings>, nowMs: number): void {
    this.own = { ...this.own, ...own };
    const settings = {
      instances: [this.own],
      realtimePriority: 0,
      leaseSeconds: 0,
      addresses: 'kernel',
    } as const;
    this.step({ type: 'command', command: { type: 'configure', settings } }, nowMs);
  }
  hear(bytes: Buffer, nowMs: number): Action[] {
    return this.step({ type: 'packet', interface: LINK, bytes }, nowMs);
  }
  get instance() {
    return this.elector.instances.get('VI_1')!;
  }
  /** Everything but counters and what has been said. */
  get state(): string {
    const { router, deadlines, lastMaster, auth, clockSkewMs } = this.instance;
    const marks = [...auth!.marks].map(([source, mark]) => `${source} ${mark}`);
    return JSON.stringify([router, [...deadlines], lastMaster, marks, clockSkewMs]);
  }
  get drops(): Record<string, number> {
    const { counters } = this.instance;
    const names = Object.keys(counters).filter((name) => name.startsWith('dropped.'));
    return Object.fromEntries(names.map((name) => [name.slice('dropped.'.length), counters[name]!]));
  }
  notices(event: string): string[] {
    return this.actions.flatMap((action) =>
      action.do === 'report' && action.report.type === 'notice' && action.report.notice.event === event
        ? [action.report.notice.message]
        : [],
    );
  }
}
const packets = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.do === 'send' ? [action.packet] : []));

/** Both on one link without delay, until `untilMs`. */
function run(a: Router, b: Router, fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs <= untilMs; ) {
    for (const [router, other] of [
      [a, b],
      [b, a],
    ] as const)
      if (nextDeadlineMs(router.elector) <= nowMs) {
        let outgoing = packets(router.step({ type: 'wake' }, nowMs));
        for (let to = other; outgoing.length > 0; to = to === a ? b : a)
          outgoing = outgoing.flatMap((bytes) => packets(to.hear(bytes, nowMs)));
      }
    nowMs = Math.max(nowMs + 0.01, Math.min(nextDeadlineMs(a.elector), nextDeadlineMs(b.elector)));
  }
}
/** A master and its adverts, one each second from 1 s on. */
function adverts(own: Partial<InstanceSettings>, howMany: number): Buffer[] {
  const router = new Router(A, { priority: 255, ...own });
  const sent: Buffer[] = packets(router.actions);
  while (sent.length < howMany)
    sent.push(...packets(router.step({ type: 'wake' }, nextDeadlineMs(router.elector))));
  return sent.slice(0, howMany);
}

describe('a signed advert', () => {
  test('is 28 bytes longer, right in every other respect, and one signature for all peers', () => {
    const peers = [B, address('10.0.0.3')];
    for (const own of [{ version: 3 as const }, { version: 2 as const }]) {
      const [plain] = adverts({ ...own, unicastPeers: peers }, 2);
      const signed = adverts({ ...own, unicastPeers: peers, hmac: hmac() }, 2);
      const trailers = signed.map((packet) => {
        expect(packet.length).toBe(plain!.length + 28);
        const decoded = decodeAdvert(packet);
        expect(decoded).toMatchObject({ ok: true, advert: { vrid: 51, priority: 255 } });
        return decoded.ok ? decoded.signature!.trailer.toString('hex') : '';
      });
      expect(trailers[0]).toBe(trailers[1]);
      expect(trailers[0]).toMatch(/^01010000/);
    }
  });
  test('over IPv6 has a checksum that covers the trailer', () => {
    const own = instanceSettings({ hmac: hmac() });
    const router = new Router(address('fe80::1'), {
      ...own,
      priority: 255,
      multicastGroup: address('ff02::12'),
    });
    const [packet] = packets(router.actions);
    const decoded = decodeAdvert(packet!);
    expect(decoded).toMatchObject({ ok: true, signature: {} });
  });
  test('is not sent in receive-only, and the priority 0 is signed like the others', () => {
    const [unsigned] = adverts({ hmac: hmac({ mode: 'receive-only' }) }, 1);
    expect(unsigned!.equals(adverts({}, 1)[0]!)).toBe(true);
    const leaving = new Router(A, { priority: 255, hmac: hmac() });
    const last = packets(leaving.step({ type: 'command', command: { type: 'stop' } }, 10)).at(-1)!;
    expect(decodeAdvert(last)).toMatchObject({ ok: true, advert: { priority: 0 }, signature: {} });
  });
});

describe('on a hostile link, a backup', () => {
  const recorded = adverts({ hmac: hmac() }, 5);
  function backup(own: Partial<InstanceSettings> = {}): Router {
    const router = new Router(B, { hmac: hmac(), ...own });
    router.hear(recorded[2]!, 1_000);
    expect(router.instance.counters.advertsReceived).toBe(1);
    return router;
  }
  /** Dropped with a reason, and nothing else has come of it. */
  function refuses(router: Router, bytes: Buffer): void {
    const [before, heard] = [router.state, router.instance.counters.advertsReceived];
    const actions = router.hear(bytes, 1_001);
    expect(actions.every((action) => action.do === 'report')).toBe(true);
    expect(router.state).toBe(before);
    expect(router.instance.counters.advertsReceived).toBe(heard);
  }
  test('is not moved by any single bit of the next advert turned', () => {
    const router = backup();
    const next = recorded[3]!;
    for (let bit = 0; bit < next.length * 8; bit++) {
      const bad = Buffer.from(next);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      refuses(router, bad);
    }
    router.hear(next, 1_002);
    expect(router.instance.counters.advertsReceived).toBe(2);
  });
  test('is not moved by what is cut short, drawn out, repeated or late', () => {
    const router = backup();
    for (let length = 0; length < recorded[3]!.length; length++)
      refuses(router, recorded[3]!.subarray(0, length));
    refuses(router, Buffer.concat([recorded[3]!, Buffer.alloc(4)]));
    for (const old of recorded.slice(0, 3)) refuses(router, old);
    expect(router.drops.replayed).toBe(3);
  });
  test('is not moved by an unsigned advert, another key, or another id', () => {
    const router = backup();
    refuses(router, adverts({}, 1)[0]!);
    refuses(router, adverts({ hmac: hmac({ keys: [WRONG] }) }, 4)[3]!);
    refuses(router, adverts({ hmac: hmac({ keys: [TWO], activeKey: 2 }) }, 4)[3]!);
    expect(router.drops).toEqual({ unsigned: 1, 'wrong-signature': 1, 'unknown-key': 1 });
  });
  test('is not moved by any bytes changed, cut and put together from what was sent', () => {
    const router = backup();
    const base = fc.constantFrom(...recorded, adverts({}, 1)[0]!);
    const hit = fc.record({ at: fc.nat(80), with: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(base, base, fc.nat(80), fc.array(hit, { maxLength: 4 }), (one, other, cut, hits) => {
        const bytes = Buffer.concat([one.subarray(0, cut), other.subarray(cut)]);
        for (const { at, with: mask } of hits) if (at < bytes.length) bytes[at]! ^= mask;
        if (recorded.slice(3).some((good) => good.equals(bytes))) return;
        refuses(router, bytes);
      }),
    );
  });
  test('that has no keys drops signed adverts, as keepalived does', () => {
    const router = new Router(B, {});
    router.hear(recorded[0]!, 1_000);
    expect(router.drops).toEqual({ 'unexpected-signature': 1 });
  });
});

describe('a pair', () => {
  const start = (a: Partial<InstanceSettings>, b: Partial<InstanceSettings>) =>
    [new Router(A, { priority: 150, ...a }), new Router(B, { priority: 100, ...b })] as const;
  const states = (a: Router, b: Router) => [a, b].map(({ instance }) => instance.router.state);

  test.each([2, 3] as const)('of version %i with one key has one master', (version) => {
    const [a, b] = start({ version, hmac: hmac() }, { version, hmac: hmac() });
    run(a, b, 0, 60_000);
    expect(states(a, b)).toEqual(['MASTER', 'BACKUP']);
    expect(b.drops).toEqual({});
    expect(b.instance.counters.advertsReceived).toBeGreaterThan(50);
  });
  test('with different keys has two masters, and both say why', () => {
    const [c, d] = start({ hmac: hmac() }, { hmac: hmac({ keys: [WRONG] }) });
    run(c, d, 0, 10_000);
    expect(states(c, d)).toEqual(['MASTER', 'MASTER']);
    expect(c.notices('vrrp.advert.dropped')).toEqual([
      '(VI_1) dropped an advert from 10.0.0.2: wrong-signature',
    ]);
  });
  test('gets its keys in three sweeps of the modes, without a moment of two masters', () => {
    const [a, b] = start({}, {});
    run(a, b, 0, 10_000);
    let nowMs = 10_000;
    for (const mode of ['receive-only', 'permissive', 'enforce'] as const)
      for (const router of [b, a]) {
        router.configure({ hmac: hmac({ mode }) }, nowMs);
        run(a, b, nowMs, nowMs + 10_000);
        nowMs += 10_000;
        expect(states(a, b)).toEqual(['MASTER', 'BACKUP']);
      }
    expect([a.drops, b.drops]).toEqual([{}, {}]);
    expect([a, b].map(({ instance }) => instance.counters.becameMaster)).toEqual([1, undefined]);
    expect(b.notices('vrrp.advert.odd')).toEqual([
      '(VI_1) 10.0.0.1 does not sign its adverts; with `mode enforce` they would be dropped',
    ]);
  });
  test('changes its key by knowing both for a while, without a moment of two masters', () => {
    const [a, b] = start({ hmac: hmac() }, { hmac: hmac() });
    let nowMs = 10_000;
    run(a, b, 0, nowMs);
    const both = { keys: [ONE, TWO] };
    for (const own of [both, { ...both, activeKey: 2 }, { keys: [TWO], activeKey: 2 }])
      for (const router of [a, b]) {
        router.configure({ hmac: hmac(own) }, nowMs);
        run(a, b, nowMs, nowMs + 10_000);
        nowMs += 10_000;
        expect(states(a, b)).toEqual(['MASTER', 'BACKUP']);
      }
    expect([a.drops, b.drops]).toEqual([{}, {}]);
    const last = a.actions.filter((action) => action.do === 'send').at(-1)!;
    expect(last.packet.at(-27)).toBe(2);
  });
  test('hears of a clock that runs away before it is dropped, and is one pair again when it is set', () => {
    const [a, b] = start({ hmac: hmac() }, { hmac: hmac() });
    run(a, b, 0, 10_000);
    a.wallOffsetMs += 3_000;
    run(a, b, 10_000, 20_000);
    expect(b.notices('vrrp.clock.skew')).toEqual([
      '(VI_1) 10.0.0.1: its clock is 3 s ahead of ours; beyond 5 s its adverts are dropped',
    ]);
    expect(states(a, b)).toEqual(['MASTER', 'BACKUP']);
    a.wallOffsetMs += 3_600_000;
    run(a, b, 20_000, 30_000);
    expect(b.notices('vrrp.advert.dropped')[0]).toMatch(/stale, its clock is 360\d(\.\d+)? s ahead of ours/);
    expect(states(a, b)).toEqual(['MASTER', 'MASTER']);
    a.wallOffsetMs = UTC;
    run(a, b, 30_000, 32_000);
    expect(states(a, b)).toEqual(['MASTER', 'BACKUP']);
  });
});
