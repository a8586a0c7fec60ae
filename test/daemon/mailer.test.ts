// Mail to a real relay: encrypted, logged in to, refusing, slow, and not to be trusted.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { Mailer } from '../../src/daemon/mailer.ts';
import type { PlannedMail } from '../../src/director/mail.ts';
import { startRelay, type Taken } from './relay.ts';

const directory = mkdtempSync(join(tmpdir(), 'lvs-director-mail-'));
const passwordFile = join(directory, 'password');
const trusted = getCACertificates('default');
const taken: Taken[] = [];
const notices: Notice[] = [];
let secure: { key: string; cert: string };
let relay: Awaited<ReturnType<typeof startRelay>>;
let mailer: Mailer;

beforeAll(() => {
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const subject = ['-subj', '/CN=relay', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'pipe',
  });
  secure = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  writeFileSync(passwordFile, 'open sesame\n');
});
afterEach(() => {
  mailer.close();
  relay.close();
  setDefaultCACertificates(trusted);
  taken.length = 0;
  notices.length = 0;
});
afterAll(() => rmSync(directory, { recursive: true }));

async function start(options: Parameters<typeof startRelay>[0], plan: Partial<PlannedMail> = {}) {
  relay = await startRelay(options, 0, (one) => taken.push(one));
  const planned: PlannedMail = {
    host: '127.0.0.1',
    port: relay.port,
    to: ['ops@example.net'],
    timeoutMs: 1000,
    tellsFaults: true,
    tls: 'off',
    ...plan,
  };
  mailer = new Mailer(planned, (notice) => notices.push(notice));
}
async function send(subject = 'VRRP Instance VI_1 - Entering MASTER state'): Promise<void> {
  mailer.send({ subject, text: '=> text <=\n' });
  while (!mailer.isIdle && taken.length === 0 && notices.length === 0) await wait(5);
}
const LOGIN: SMTPServerOptions = {
  authOptional: false,
  onAuth: ({ username, password }, _, answer) =>
    username === 'lvs' && password === 'open sesame'
      ? answer(null, { user: username })
      : answer(new Error('wrong')),
};
const login = { user: 'lvs', passwordFile };

test('plain, as keepalived sends it, to a relay that would encrypt but cannot be trusted', async () => {
  await start(
    { ...secure, authOptional: true },
    { helo: 'a.example.net', routerId: 'A', from: 'd@example.net' },
  );
  await send();
  expect(notices).toEqual([]);
  expect(taken).toMatchObject([{ helo: 'a.example.net', from: 'd@example.net', isEncrypted: false }]);
  expect(taken[0]!.mail).toContain('Subject: [A] VRRP Instance VI_1 - Entering MASTER state\r\n');
});

test.each(['starttls', 'on'] as const)('smtp_tls %s, with a login', async (tls) => {
  setDefaultCACertificates([secure.cert]);
  await start({ ...secure, ...LOGIN, secure: tls === 'on' }, { tls, login });
  await send();
  expect(notices).toEqual([]);
  expect(taken).toMatchObject([{ user: 'lvs', isEncrypted: true }]);
});

test.each(['starttls', 'on'] as const)('smtp_tls %s: who cannot be trusted gets nothing', async (tls) => {
  await start({ ...secure, ...LOGIN, secure: tls === 'on' }, { tls, login });
  await send();
  expect(taken).toEqual([]);
  expect(notices[0]!.message).toMatch(/self-signed certificate.*tried again$/);
});

test('smtp_tls starttls: a relay without encryption gets neither mail nor password', async () => {
  await start(
    { ...LOGIN, disabledCommands: ['STARTTLS'], allowInsecureAuth: true },
    { tls: 'starttls', login },
  );
  await send();
  expect(taken).toEqual([]);
  expect(notices[0]!.message).toMatch(/STARTTLS.*tried again$/);
});

test('a refused recipient is told, and the others are not mailed twice', async () => {
  const onRcptTo = ({ address }: { address: string }, _: unknown, answer: (error?: Error) => void) =>
    answer(address.startsWith('no') ? new Error('unknown') : undefined);
  await start(
    { authOptional: true, disabledCommands: ['STARTTLS'], onRcptTo },
    { to: ['no@a.b', 'ops@a.b'] },
  );
  await send();
  while (!mailer.isIdle) await wait(5);
  expect(taken.map(({ to }) => to)).toEqual([['ops@a.b']]);
  expect(notices.map(({ message }) => message)).toEqual([`mail by 127.0.0.1:${relay.port}: not for no@a.b`]);
});

test('a silent relay: told, tried again, and no obstacle to the end', async () => {
  const onConnect = () => {};
  await start({ onConnect, disabledCommands: ['STARTTLS'] }, { timeoutMs: 100 });
  await send();
  // The greeting and the line have as long: whichever is over first is told.
  expect(notices[0]!.message).toMatch(/(Greeting never received|Timeout): tried again$/);
  const closedMs = performance.now();
  mailer.close();
  while (!mailer.isIdle) await wait(5);
  expect(performance.now() - closedMs).toBeLessThan(100);
});

test('line breaks in a name add no headers', async () => {
  await start({ authOptional: true, disabledCommands: ['STARTTLS'] });
  await send('VI_1\r\nBcc: everybody@example.net');
  expect(taken[0]!.to).toEqual(['ops@example.net']);
  expect(taken[0]!.mail).not.toMatch(/^Bcc/m);
});
