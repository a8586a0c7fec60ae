// The signature of adverts against the two published vectors, and what sequences, keys, modes and clocks do
// to it. Whole packets and what an elector makes of them are in signed-adverts.test.ts.
import { describe, expect, test } from 'vitest';
import { type Address, address } from '../../src/core/address.ts';
import {
  type Authenticator,
  createAuthenticator,
  type HmacSettings,
  sign,
  signatureInput,
  signs,
  TRAILER_LENGTH,
  verify,
} from '../../src/vrrp/auth.ts';

const SECRET = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex');
const OTHER = 'ab'.repeat(64);
const A = address('198.51.100.10');
const MESSAGE = Buffer.from('3133c80100644402c0000264', 'hex');
/** 23 Nov 2026; any moment will do. */
const NOW = 1_795_392_000_000;

function settings(own: Partial<HmacSettings> = {}): HmacSettings {
  const keys = [{ id: 1, secret: SECRET }];
  return { keys, activeKey: 1, mode: 'enforce', antiReplay: 'time', windowSeconds: 5, ...own };
}
const create = (own?: Partial<HmacSettings>) => createAuthenticator(settings(own));
function signed(auth: Authenticator, wallMs: number, source: Address = A): Buffer {
  return sign(auth, signatureInput(source, MESSAGE), wallMs);
}
const signature = (wallMs: number) => ({ message: MESSAGE, trailer: signed(create(), wallMs) });
function heard(
  auth: Authenticator,
  trailer: Buffer | undefined,
  wallMs: number,
  source: Address = A,
): string {
  const verdict = verify(auth, source, trailer && { message: MESSAGE, trailer }, wallMs);
  return verdict.ok ? 'ok' : verdict.drop;
}

describe('published vectors: key 00…1f, id 1, VRID 51, priority 200, version 3', () => {
  const sequence = 0x6800000080000000n;
  const wallMs = 0x68000000 * 1000 + 500;
  test.each([
    ['IPv4', '198.51.100.10', MESSAGE.toString('hex'), '1b84bc4e8e43892dc6d98448f8ee2265'],
    [
      'IPv6',
      'fe80::10',
      '3133c8010064a2e9fe800000000000000000000000000100',
      'c8c56146ebfd66ee10ec4d8186461b78',
    ],
  ])('%s: made and verified', (_, from, hex, hmac) => {
    const message = Buffer.from(hex, 'hex');
    const trailer = Buffer.from(`010100006800000080000000${hmac}`, 'hex');
    const auth = create({ antiReplay: 'monotonic' });
    expect(verify(auth, address(from), { message, trailer }, NOW)).toMatchObject({ ok: true });
    expect(auth.marks.get(address(from))).toBe(sequence);
    const sender = create();
    expect(sign(sender, signatureInput(address(from), message), wallMs).equals(trailer)).toBe(true);
    expect(sender.last).toBe(sequence);
  });
});

// Its function, compiled alone, was given the message (src: keepalived's vrrp_auth_hmac.c, after 2.4.3).
test.each([
  [3, '3133c80100644402c0000264', '010100006b08a754be5f0000c4c26ef2d43d304aca79b858d3c1dca7'],
  [2, '2133c80100015465c00002640000000000000000', '010100006b08a76324cd000074c40f60edafb59b9c8c3eb03719cca0'],
])('version %i, as keepalived signed it', (_, message, trailer) => {
  const given = { message: Buffer.from(message, 'hex'), trailer: Buffer.from(trailer, 'hex') };
  const wallMs = given.trailer.readUInt32BE(4) * 1000;
  expect(verify(create(), A, given, wallMs)).toMatchObject({ ok: true });
});

describe('the sequence of a sender', () => {
  test('grows with the clock, by the counter within a moment, and over the counter’s end', () => {
    const auth = create();
    const sequences = [NOW, NOW, NOW + 1].map((wallMs) => signed(auth, wallMs).readBigUInt64BE(4));
    expect(sequences[1]).toBe(sequences[0]! + 1n);
    expect(sequences[2]! > sequences[1]!).toBe(true);
    const before = auth.last! | 0xffff_ffffn;
    auth.last = before;
    expect(signed(auth, NOW).readBigUInt64BE(4)).toBe(before + 1n);
  });
  test('does not fall back with the clock, but starts again from it when it is past the window', () => {
    const auth = create();
    const first = signed(auth, NOW).readBigUInt64BE(4);
    expect(signed(auth, NOW - 5_000).readBigUInt64BE(4)).toBe(first + 1n);
    expect(signed(auth, NOW - 6_000).readUInt32BE(4)).toBe((NOW - 6_000) / 1000);
    const monotonic = create({ antiReplay: 'monotonic' });
    const last = signed(monotonic, NOW).readBigUInt64BE(4);
    expect(signed(monotonic, NOW - 3_600_000).readBigUInt64BE(4)).toBe(last + 1n);
  });
  test('goes on over the end of 31 and 32 bits of seconds, in 2038 and 2106, and in 1970', () => {
    const ends = [0x8000_0000 * 1000, 0x1_0000_0000 * 1000];
    const [sender, receiver] = [create(), create()];
    for (const wallMs of [0, 0, ...ends.flatMap((end) => [end - 500, end, end + 500])])
      expect(heard(receiver, signed(sender, wallMs), wallMs)).toBe('ok');
  });
});

describe('what a receiver takes', () => {
  test.each([
    ['enforce', 'unsigned', true],
    ['permissive', 'ok', true],
    ['receive-only', 'ok', false],
  ] as const)('mode %s: an unsigned advert is %s, a wrong one dropped', (mode, unsigned, isSigning) => {
    const auth = create({ mode });
    expect(heard(auth, undefined, NOW)).toBe(unsigned);
    expect(signs(auth.settings)).toBe(isSigning);
    const trailer = signed(create(), NOW);
    trailer[20]! ^= 1;
    expect(heard(auth, trailer, NOW)).toBe('wrong-signature');
    trailer[20]! ^= 1;
    expect(heard(auth, trailer, NOW)).toBe('ok');
  });
  test('nothing twice, nothing older, from each source by itself', () => {
    const [sender, receiver] = [create(), create()];
    const [one, two] = [signed(sender, NOW), signed(sender, NOW + 10)];
    expect(heard(receiver, two, NOW)).toBe('ok');
    expect(heard(receiver, two, NOW)).toBe('replayed');
    expect(heard(receiver, one, NOW)).toBe('replayed');
    const other = address('198.51.100.11');
    expect(heard(receiver, signed(create(), NOW, other), NOW, other)).toBe('ok');
    expect(heard(receiver, signed(create(), NOW + 20, other), NOW, A)).toBe('wrong-signature');
  });
  test('no other key, no other id, no other kind', () => {
    const receiver = create();
    const byOther = create({ keys: [{ id: 1, secret: OTHER }] });
    const byId = create({ keys: [{ id: 9, secret: SECRET }], activeKey: 9 });
    expect(heard(receiver, signed(byOther, NOW), NOW)).toBe('wrong-signature');
    expect(heard(receiver, signed(byId, NOW), NOW)).toBe('unknown-key');
    for (const at of [0, 2, 3]) {
      const trailer = signed(create(), NOW);
      trailer[at]! ^= 2;
      expect(heard(receiver, trailer, NOW)).toBe('malformed-signature');
    }
  });
  test('what it refuses leaves no trace', () => {
    const receiver = create();
    const good = signed(create(), NOW);
    for (let bit = 0; bit < TRAILER_LENGTH * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(heard(receiver, bad, NOW)).not.toBe('ok');
    }
    expect(receiver.marks.size).toBe(0);
    expect(heard(receiver, good, NOW)).toBe('ok');
  });
  test('remembers the sources heard last, and not more of them than fit', () => {
    const receiver = create();
    const sources = Array.from({ length: 300 }, (_, i) => address(`10.0.${i >> 8}.${i & 255}`));
    for (const source of sources) {
      expect(heard(receiver, signed(create(), NOW, source), NOW, source)).toBe('ok');
      expect(heard(receiver, signed(create(), NOW + 1, sources[0]), NOW, sources[0])).toMatch(/ok|replayed/);
    }
    expect(receiver.marks.size).toBe(16);
  });
});

describe('clocks', () => {
  test('the window is in whole seconds, both ways, and its measured skew comes along', () => {
    for (const [skewMs, verdict] of [
      [5_000, 'ok'],
      [-5_000, 'ok'],
      [6_000, 'stale'],
      [-6_000, 'stale'],
    ] as const) {
      expect(heard(create(), signed(create(), NOW + skewMs), NOW)).toBe(verdict);
      const found = verify(create(), A, signature(NOW + skewMs), NOW);
      expect(found.skewMs).toBe(skewMs);
    }
    expect(verify(create(), A, signature(NOW + 250), NOW).skewMs).toBe(250);
  });
  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('a sender whose clock is set %s and right again is heard at once', (_, byMs) => {
    const [sender, receiver] = [create(), create()];
    expect(heard(receiver, signed(sender, NOW), NOW)).toBe('ok');
    expect(heard(receiver, signed(sender, NOW + 1_000 + byMs), NOW + 1_000)).toBe('stale');
    expect(heard(receiver, signed(sender, NOW + 2_000), NOW + 2_000)).toBe('ok');
  });
  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('a receiver whose clock is set %s and right again hears at once, and no recording', (_, byMs) => {
    const [sender, receiver] = [create(), create()];
    const recorded = signed(sender, NOW);
    expect(heard(receiver, recorded, NOW)).toBe('ok');
    expect(heard(receiver, signed(sender, NOW + 1_000), NOW + 1_000 + byMs)).toBe('stale');
    expect(heard(receiver, signed(sender, NOW + 2_000), NOW + 2_000)).toBe('ok');
    expect(heard(receiver, recorded, NOW + 2_000)).toBe('replayed');
  });
  test('both clocks set together, by NTP say: nothing is lost, forward or back', () => {
    const [sender, receiver] = [create(), create()];
    for (const wallMs of [NOW, NOW + 7_200_000, NOW + 7_201_000, NOW, NOW + 1_000])
      expect(heard(receiver, signed(sender, wallMs), wallMs)).toBe('ok');
  });
  test('monotonic: clocks may differ, and only a restart with an older one is refused', () => {
    const own = { antiReplay: 'monotonic' } as const;
    const receiver = create(own);
    expect(heard(receiver, signed(create(own), NOW), 0)).toBe('ok');
    expect(heard(receiver, signed(create(own), 0), 0)).toBe('replayed');
  });
  test('monotonic: it is past its own mark with the first advert that it hears', () => {
    const own = { antiReplay: 'monotonic' } as const;
    const peer = address('198.51.100.11');
    const receiver = create(own);
    expect(heard(receiver, signed(create(own), NOW), NOW)).toBe('ok');
    const restarted = create(own);
    expect(heard(restarted, signed(receiver, NOW + 1_000, peer), 0, peer)).toBe('ok');
    expect(heard(receiver, signed(restarted, 1_000), NOW + 2_000)).toBe('ok');
  });
});

describe('while unsigned adverts count', () => {
  const own = { antiReplay: 'monotonic' } as const;
  test.each(['permissive', 'receive-only'] as const)('%s: nobody is kept out by its clock', (mode) => {
    const receiver = create({ ...own, mode });
    expect(verifyAt(receiver, signed(create(own), NOW))).toEqual({ ok: true, skewMs: 0 });
    const restarted = create(own);
    const first = verifyAt(receiver, signed(restarted, NOW - 3_600_000));
    expect(first).toEqual({ ok: true, skewMs: -3_600_000, isOld: true });
    // From there on it counts as any other, also when signatures are asked for again.
    expect(verifyAt(receiver, signed(restarted, NOW - 3_599_000)).ok).toBe(true);
    const strict = createAuthenticator(settings(own), receiver);
    expect(heard(strict, signed(restarted, NOW - 3_598_000), NOW)).toBe('ok');
    expect(heard(strict, signed(create(own), NOW - 3_599_000), NOW)).toBe('replayed');
  });
  const verifyAt = (receiver: Authenticator, trailer: Buffer) =>
    verify(receiver, A, { message: MESSAGE, trailer }, NOW);
});

test('a reload forgets no sequence, neither sent nor heard', () => {
  const [sender, receiver] = [create(), create()];
  const trailer = signed(sender, NOW);
  expect(heard(receiver, trailer, NOW)).toBe('ok');
  const both = settings({ keys: [...settings().keys, { id: 2, secret: OTHER }] });
  const [newSender, newReceiver] = [sender, receiver].map((former) => createAuthenticator(both, former));
  expect(heard(newReceiver!, trailer, NOW)).toBe('replayed');
  expect(heard(newReceiver!, signed(newSender!, NOW), NOW)).toBe('ok');
});
