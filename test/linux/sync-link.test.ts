// The TLS connection between two balancers, over real sockets of this machine: who gets in, who does not, and
// what becomes of a connection when keys change.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connect as connectTls,
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { dials, type SyncEndpoint } from '../../src/linux/sync/link.ts';
import { CertificateMaker } from './certificates.ts';
import { End, freePort, HIGH, LOW, places, psk, raw, sockets, stopAll, until } from './sync-ends.ts';

const [KEY, OTHER] = [randomBytes(32), randomBytes(32)];
afterEach(stopAll);

async function pair(keysOfLow: readonly Buffer[], keysOfHigh: readonly Buffer[]) {
  const { low, high } = await places();
  const listener = new End(high, low, psk(...keysOfHigh));
  const dialer = new End(low, high, psk(...keysOfLow));
  return { listener, dialer, at: high };
}

test('of two the lower address dials, whichever is asked', () => {
  const [low, high] = [LOW, HIGH].map((each) => ({ address: each, port: 1 })) as [SyncEndpoint, SyncEndpoint];
  expect(dials({ listen: low, peer: high })).toBe(true);
  expect(dials({ listen: high, peer: low })).toBe(false);
  expect(dials({ listen: { ...low, port: 2 }, peer: low })).toBe(false);
});

test('with the same key they hear each other, both ways, and the last word arrives', async () => {
  const { listener, dialer } = await pair([KEY], [KEY]);
  await until('both are connected', () => dialer.open.length + listener.open.length === 2);
  dialer.say('from the dialer');
  listener.say('from the listener');
  await until('both heard', () => dialer.heard !== '' && listener.heard !== '');
  dialer.say(', and good bye');
  dialer.link.close(dialer.open[0]!);
  await until('the end is heard', () => listener.closed.length === 1);
  expect([dialer.heard, listener.heard]).toEqual(['from the listener', 'from the dialer, and good bye']);
  await until('it is there again', () => dialer.open.length + listener.open.length === 2);
});

test('with another key nothing is ever heard, and it is said once', async () => {
  const { listener, dialer } = await pair([OTHER], [KEY]);
  await until('it was tried a few times', () => (listener.link.refusals.get('key') ?? 0) >= 3);
  expect([...listener.connected, ...dialer.connected]).toEqual([]);
  for (const { notices } of [listener, dialer])
    expect(notices.map(({ event, fields }) => [event, fields?.reason])).toEqual([['sync.refused', 'key']]);
});

test('keys change on one side after the other, and the connection stays', async () => {
  const { listener, dialer } = await pair([KEY], [KEY]);
  await until('both are connected', () => dialer.open.length + listener.open.length === 2);
  const steps: [End, readonly Buffer[]][] = [
    [listener, [KEY, OTHER]],
    [dialer, [OTHER, KEY]],
    [listener, [OTHER, KEY]],
  ];
  for (const [end, keys] of steps) end.link.rekey(psk(...keys));
  await sleep(300);
  expect([listener.closed, dialer.closed]).toEqual([[], []]);
  // The old one goes: so does what it opened, and the new one is there at once.
  dialer.link.rekey(psk(OTHER));
  await until(
    'the new key has opened another',
    () => dialer.connected.length === 2 && listener.open.length === 1,
  );
  listener.link.rekey(psk(OTHER));
  await sleep(300);
  expect([listener.open.length, dialer.open.length]).toEqual([1, 1]);
});

test('who has two keys finds the one that the other still has', async () => {
  const { listener, dialer } = await pair([OTHER, KEY], [KEY]);
  await until('both are connected', () => dialer.open.length + listener.open.length === 2);
});

test('a certificate is no key, also one that the machine trusts', async () => {
  const { low, high } = await places();
  const maker = new CertificateMaker();
  const { certificate: cert, privateKey: key } = maker.selfSigned(`IP:${HIGH}`);
  maker.remove();
  let asked = 0;
  const server = createTlsServer({ cert, key }).on('connection', () => asked++);
  server.listen(high.port, HIGH);
  const trusted = getCACertificates('default');
  setDefaultCACertificates([cert]);
  const dialer = new End(low, high, psk(KEY));
  await until('it was tried a few times', () => asked >= 3);
  setDefaultCACertificates(trusted);
  server.close();
  expect(dialer.connected).toEqual([]);
  expect(dialer.notices.map(({ fields }) => fields?.reason)).toEqual(['not-a-key']);
});

test('a stranger is not even shaken hands with', async () => {
  const { listener, at } = await pair([KEY], [KEY]);
  await until('the pair is connected', () => listener.open.length === 1);
  const stranger = raw(at, '127.0.0.13');
  await until('it is closed', () => stranger.destroyed);
  expect(listener.link.refusals.get('stranger')).toBe(1);
});

test('who proves nothing is let go, and no more than a few of them wait', async () => {
  const { listener, at } = await pair([KEY], [KEY]);
  await until('the pair is connected', () => listener.open.length === 1);
  const mute = Array.from({ length: 20 }, () => raw(at, LOW));
  await until('most are refused', () => (listener.link.refusals.get('too-many') ?? 0) === 16);
  await until('and the others soon', () => mute.every(({ destroyed }) => destroyed));
  expect(listener.open).toHaveLength(1);
  const again = connectTls({ host: at.address, port: at.port, rejectUnauthorized: false });
  again.on('error', () => undefined);
  sockets.push(again);
  await until('a stranger to keys is refused', () => again.destroyed);
  expect(listener.connected).toHaveLength(1);
});

test('the key exchange is ephemeral, so what was recorded stays secret', async () => {
  const { listener, at } = await pair([OTHER], [KEY, OTHER]);
  await until('the pair is connected', () => listener.open.length === 1);
  const identity = createHash('sha256').update(KEY).digest('hex').slice(0, 16);
  const options = {
    host: at.address,
    port: at.port,
    localAddress: LOW,
    minVersion: 'TLSv1.3' as const,
    ciphers: 'TLS_AES_128_GCM_SHA256',
    pskCallback: () => ({ identity, psk: KEY }),
    checkServerIdentity: () => undefined,
  };
  const socket = connectTls(options);
  sockets.push(socket);
  const session = new Promise<Buffer>((resolve) => void socket.once('session', resolve));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  expect(socket.getProtocol()).toBe('TLSv1.3');
  expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: expect.stringMatching(/X25519/) });
  // What a connection leaves behind opens no other: each has to prove a key.
  const { pskCallback: _, ...withoutKey } = options;
  const again = connectTls({ ...withoutKey, session: await session, rejectUnauthorized: false });
  sockets.push(again);
  const end = await new Promise((resolve) => {
    again.once('secureConnect', () => resolve('connected'));
    again.once('error', () => resolve('refused'));
  });
  expect(end).toBe('refused');
});

test('a place that it cannot listen at is tried again', async () => {
  const port = await freePort();
  const taken = createServer().listen(port, HIGH);
  await new Promise((resolve) => taken.once('listening', resolve));
  const end = new End({ address: HIGH, port }, { address: LOW, port }, psk(KEY));
  await until('it says so', () => end.notices.length > 0);
  expect(end.notices[0]).toMatchObject({ event: 'sync.link.failed', fields: { reason: 'EADDRINUSE' } });
  taken.close();
  const dialer = new End({ address: LOW, port }, { address: HIGH, port }, psk(KEY));
  await until('they are connected', () => dialer.open.length + end.open.length === 2);
});
