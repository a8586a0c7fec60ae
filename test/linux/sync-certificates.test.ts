// The connection between two balancers by certificates, over real sockets and with certificates that openssl
// made: who gets in, what each side says of who does not, and what becomes of a connection when files change.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { SyncCertificates, SyncProof } from '../../src/director/sync-stream.ts';
import { CertificateMaker, type Made } from './certificates.ts';
import { End, HIGH, LOW, places, psk, raw, sockets, stopAll, until } from './sync-ends.ts';

const maker = new CertificateMaker();
afterEach(stopAll);
afterAll(() => maker.remove());

const [authority, other] = [maker.authority(), maker.authority('another authority')];
const ofLow = maker.signed(authority, { names: `IP:${LOW}` });
const ofHigh = maker.signed(authority, { names: `IP:${HIGH}` });

function shows(own: Made, peerName: string, known: readonly Made[] = [authority]): SyncCertificates {
  const { certificate, privateKey } = own;
  const bundle = known.map((each) => each.certificate).join('');
  return { by: 'certificates', certificate, privateKey, authority: bundle, peerName };
}
const LOW_SHOWS = shows(ofLow, HIGH);
const HIGH_SHOWS = shows(ofHigh, LOW);

/** The lower one dials. */
async function pair({ low: dialing = LOW_SHOWS, high: accepting = HIGH_SHOWS }: Partial<Proofs>) {
  const { low, high } = await places();
  const listener = new End(high, low, accepting, 'hello, low');
  const dialer = new End(low, high, dialing, 'hello, high');
  return { listener, dialer, at: high };
}
type Proofs = { low: SyncProof; high: SyncProof };
type Pair = Awaited<ReturnType<typeof pair>>;
const isUp = ({ listener, dialer }: Pair) => dialer.open.length === 1 && listener.open.length === 1;

test('each shows its own, and they hear each other', async () => {
  const both = await pair({});
  const { listener, dialer } = both;
  await until('both heard', () => dialer.heard !== '' && listener.heard !== '');
  expect([dialer.heard, listener.heard]).toEqual(['hello, low', 'hello, high']);
  dialer.say(', and more');
  await until('more is heard', () => listener.heard.endsWith('more'));
  expect([isUp(both), dialer.notices, listener.notices]).toEqual([true, [], []]);
});

test('names instead of addresses, an authority each, and somebody in between', async () => {
  const between = maker.signed(authority, { names: 'DNS:between', isAuthority: true });
  const own = maker.signed(between, { names: 'DNS:a.example' });
  const low = { ...own, certificate: own.certificate + between.certificate };
  const high = maker.signed(other, { names: 'DNS:b.example,DNS:c.example', use: 'serverAuth,clientAuth' });
  const both = await pair({
    low: shows(low, 'b.example', [other]),
    high: shows(high, 'a.example', [authority]),
  });
  await until('both are connected', () => isUp(both) && both.dialer.heard !== '');
});

const KEY = randomBytes(32);
const EXPIRED = { valid: [-10, -1] } as const;
const LATER = { valid: [2, 10] } as const;
const HIGH_NAME = { names: `IP:${HIGH}` };
const LOW_NAME = { names: `IP:${LOW}` };
/** What the dialing and the accepting end say. */
test.each<[string, Partial<Proofs>, [string, string]]>([
  [
    'the dialing one is of another authority',
    { low: shows(maker.signed(other, LOW_NAME), HIGH) },
    ['ended', 'unknown-authority'],
  ],
  [
    'the accepting one is of another authority',
    { high: shows(maker.signed(other, HIGH_NAME), LOW) },
    ['unknown-authority', 'ended'],
  ],
  [
    'an authority of the same name, and another key',
    { low: shows(maker.signed(maker.authority(), LOW_NAME), HIGH) },
    ['ended', 'unknown-authority'],
  ],
  [
    'the dialing one has expired',
    { low: shows(maker.signed(authority, { ...LOW_NAME, ...EXPIRED }), HIGH) },
    ['ended', 'expired'],
  ],
  [
    'the accepting one has expired',
    { high: shows(maker.signed(authority, { ...HIGH_NAME, ...EXPIRED }), LOW) },
    ['expired', 'ended'],
  ],
  [
    'the accepting one is not valid yet',
    { high: shows(maker.signed(authority, { ...HIGH_NAME, ...LATER }), LOW) },
    ['not-yet-valid', 'ended'],
  ],
  ['the dialing one is somebody else', { low: shows(ofHigh, HIGH) }, ['ended', 'wrong-name']],
  ['the accepting one is somebody else', { high: shows(ofLow, LOW) }, ['wrong-name', 'ended']],
  ['the accepting one is asked for a name', { low: shows(ofLow, 'b.example') }, ['wrong-name', 'ended']],
  ['a name that is only its common name', { high: shows(ofHigh, 'director') }, ['ended', 'wrong-name']],
  [
    'the dialing one is self-signed',
    { low: shows(maker.selfSigned(`IP:${LOW}`), HIGH) },
    ['ended', 'self-signed'],
  ],
  [
    'the accepting one is self-signed',
    { high: shows(maker.selfSigned(`IP:${HIGH}`), LOW) },
    ['self-signed', 'ended'],
  ],
  [
    'the dialing one is for servers only',
    { low: shows(maker.signed(authority, { ...LOW_NAME, use: 'serverAuth' }), HIGH) },
    ['ended', 'wrong-use'],
  ],
  ['the dialing one has a psk', { low: psk(KEY) }, ['not-a-key', 'ended']],
  ['the accepting one has a psk', { high: psk(KEY) }, ['no-certificate', 'key']],
])('%s: nothing is heard, and each says why, once', async (_, proofs, reasons) => {
  const { listener, dialer } = await pair(proofs);
  const least = (end: End) => Math.max(0, ...end.link.refusals.values());
  await until('it was tried a few times', () => least(listener) >= 3 && least(dialer) >= 3);
  expect([dialer.reasons, listener.reasons]).toEqual(reasons.map((reason) => [reason]));
  expect([dialer.heard, listener.heard]).toEqual(['', '']);
  const said = JSON.stringify([dialer.notices, listener.notices]);
  expect(said).not.toMatch(/PRIVATE|ERR_|Error|openssl|node/i);
});

test('who shows none is refused, also at the peer’s address', async () => {
  const { listener, at } = await pair({});
  await until('the pair is connected', () => listener.open.length === 1);
  const options = { host: at.address, port: at.port, localAddress: LOW, ca: authority.certificate };
  const socket = connectTls(options);
  socket.on('error', () => undefined);
  sockets.push(socket);
  await until('it is closed', () => socket.destroyed);
  expect([listener.connected.length, listener.reasons]).toEqual([1, ['no-certificate']]);
});

test('what a connection leaves behind opens no other', async () => {
  const { listener, dialer, at } = await pair({});
  await until('the pair is connected', () => listener.open.length === 1);
  await dialer.link.stop();
  const ca = authority.certificate;
  const options = { host: at.address, port: at.port, localAddress: LOW, ca };
  const first = connectTls({ ...options, cert: ofLow.certificate, key: ofLow.privateKey });
  sockets.push(first);
  first.on('error', () => undefined);
  const session = await new Promise<Buffer>((resolve) => void first.once('session', resolve));
  await until('it is let in', () => listener.connected.length === 2);
  const again = connectTls({ ...options, session });
  again.on('error', () => undefined);
  sockets.push(again);
  await until('it is closed', () => again.destroyed);
  expect([listener.connected.length, listener.reasons]).toEqual([2, ['no-certificate']]);
});

test('who proves nothing is let go, and no more than a few of them wait', async () => {
  const { listener, at } = await pair({});
  await until('the pair is connected', () => listener.open.length === 1);
  const mute = Array.from({ length: 20 }, () => raw(at, LOW));
  await until('most are refused', () => (listener.link.refusals.get('too-many') ?? 0) === 16);
  await until('and the others soon', () => mute.every(({ destroyed }) => destroyed));
  expect(listener.open).toHaveLength(1);
});

test('an authority takes the place of another, and only the last step costs a connection', async () => {
  const both = await pair({});
  const { listener, dialer } = both;
  await until('both are connected', () => isUp(both));
  const [newLow, newHigh] = [maker.signed(other, LOW_NAME), maker.signed(other, HIGH_NAME)];
  const steps: [End, SyncProof][] = [
    [listener, shows(ofHigh, LOW, [authority, other])],
    [dialer, shows(ofLow, HIGH, [authority, other])],
    [listener, shows(newHigh, LOW, [authority, other])],
    [dialer, shows(newLow, HIGH, [authority, other])],
  ];
  for (const [end, proof] of steps) end.link.rekey(proof);
  await sleep(300);
  expect([listener.closed, dialer.closed]).toEqual([[], []]);
  dialer.link.rekey(shows(newLow, HIGH, [other]));
  await until('there is another', () => dialer.connected.length === 2 && isUp(both));
  listener.link.rekey(shows(newHigh, LOW, [other]));
  await until('and another', () => listener.connected.length === 3 && isUp(both));
  // Nobody comes by what has been taken out.
  dialer.link.rekey(shows(ofLow, HIGH, [other]));
  dialer.link.close(dialer.open[0]!);
  await until('the old one is refused', () => listener.reasons.includes('unknown-authority'));
});

test('a new certificate is shown on the next connection, a new name is asked for at once', async () => {
  const both = await pair({ high: shows(maker.signed(authority, { ...HIGH_NAME, valid: [-1, 1] }), LOW) });
  const { listener, dialer } = both;
  await until('both are connected', () => isUp(both));
  listener.link.rekey(shows(maker.signed(authority, { names: 'DNS:b.example' }), LOW));
  await sleep(200);
  expect(listener.closed).toEqual([]);
  dialer.link.rekey(shows(ofLow, 'b.example'));
  await until('there is another', () => dialer.connected.length === 2 && isUp(both));
  expect(dialer.reasons).toEqual([]);
});

test('what was refused is told again once the pair had been connected', async () => {
  const expired = shows(maker.signed(authority, { ...HIGH_NAME, ...EXPIRED }), LOW);
  const both = await pair({ high: expired });
  const { listener, dialer } = both;
  await until('it is refused', () => dialer.reasons.length === 1);
  listener.link.rekey(HIGH_SHOWS);
  await until('both are connected', () => isUp(both) && dialer.heard !== '');
  listener.link.rekey(expired);
  dialer.link.close(dialer.open[0]!);
  await until('it is told again', () => dialer.reasons.length === 2);
});

test('what OpenSSL does not take is said, and is no end of the balancer', async () => {
  const both = await pair({ low: { ...LOW_SHOWS, privateKey: ofHigh.privateKey } });
  const { dialer } = both;
  await until('it is said', () => dialer.notices.length === 1);
  expect(dialer.notices[0]).toMatchObject({ event: 'sync.link.failed' });
  dialer.link.rekey(LOW_SHOWS);
  await until('both are connected', () => isUp(both));
});
