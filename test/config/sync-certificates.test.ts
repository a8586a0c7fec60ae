// `director { sync { certificate … } }`: what the words give, what is wrong with them or with the files, and
// whether the certificates of a pair fit together. openssl makes them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import type { KeyFile } from '../../src/config/rules/keys.ts';
import { expiryNotice, planSyncStream, syncStreamFacts } from '../../src/director/sync-stream.ts';
import { readKeyFile as readRealFile } from '../../src/linux/key-files.ts';
import { CertificateMaker } from '../linux/certificates.ts';

const maker = new CertificateMaker();
afterAll(() => maker.remove());

const [A, B] = ['10.0.9.1', '10.0.9.2'];
const [root, other] = [maker.authority(), maker.authority('another authority')];
const own = maker.signed(root, { names: `IP:${A},DNS:a.example` });
const encrypt = ['pkcs8', '-topk8', '-in', own.files.key, '-passout', 'pass:secret'];
const weakKey = ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'];
const openssl = (...words: string[]) => execFileSync('openssl', words, { encoding: 'utf8', stdio: 'pipe' });
const intermediate = maker.signed(root, { names: 'DNS:between', isAuthority: true });
const behind = maker.signed(intermediate, { names: `IP:${B}` });

const TEXTS: Readonly<Record<string, string>> = {
  cert: own.certificate,
  key: own.privateKey,
  ca: root.certificate,
  'cert-b': maker.signed(root, { names: `IP:${B}` }).certificate,
  'cert-other': maker.signed(other, { names: `IP:${B}` }).certificate,
  'cert-behind': behind.certificate,
  'chain-behind': behind.certificate + intermediate.certificate,
  'cert-old': maker.signed(root, { names: `IP:${A}`, valid: [-10, -2.5] }).certificate,
  'cert-soon': maker.signed(root, { names: `IP:${A}`, valid: [-10, 3.5] }).certificate,
  'cert-later': maker.signed(root, { names: `IP:${A}`, valid: [2, 30] }).certificate,
  'cert-server': maker.signed(root, { names: `IP:${A}`, use: 'serverAuth' }).certificate,
  'cert-damaged': own.certificate.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
  chain: own.certificate + intermediate.certificate,
  'chain-turned': intermediate.certificate + own.certificate,
  'key-b': maker.selfSigned('DNS:b').privateKey,
  'key-encrypted': openssl(...encrypt),
  'key-weak': openssl(...weakKey),
  'ca-both': root.certificate + other.certificate,
  'ca-other': other.certificate,
  'ca-no-root': intermediate.certificate,
  nothing: 'no PEM at all\n',
  psk: `hex:${'ab'.repeat(32)}`,
};
const OPEN: Readonly<Record<string, Partial<KeyFile>>> = {
  'key-open': { open: 'others have rights to it' },
  'ca-open': { open: 'others have rights to it' },
  'ca-changeable': { changeable: 'others have rights to it' },
};
function readKeyFile(path: string): KeyFile {
  const name = path.replace('/k/', '');
  const text = TEXTS[name] ?? TEXTS[name.replace(/-(open|changeable)$/, '')];
  if (text === undefined) return { ok: false, says: 'cannot be read: ENOENT' };
  return { ok: true, bytes: Buffer.from(text), ...OPEN[name] } as KeyFile;
}

function read(words: readonly string[], name = 'x.conf', places = [`listen ${A}`, `peer ${B}`]) {
  const text = `director {\n sync {\n${[...places, ...words].map((word) => `  ${word}\n`).join('')} }\n}\n`;
  const result = readConfiguration([{ name, text }], { readKeyFile, nowMs: Date.now() });
  return { ...result, records: recordDiagnostics(result.sources, result.diagnostics) };
}
const words = (certificate = 'cert', key = 'key', authority = 'ca') => [
  `certificate /k/${certificate}`,
  `private_key /k/${key}`,
  `authority /k/${authority}`,
];

test('three files, and whom the peer has to be', () => {
  const { configuration, records } = read(words());
  expect(records).toEqual([]);
  const plan = planSyncStream(configuration)!;
  expect(plan.proof).toEqual({
    by: 'certificates',
    certificate: own.certificate,
    privateKey: own.privateKey,
    authority: root.certificate,
    peerName: B,
  });
  const named = planSyncStream(read([...words(), 'peer_name b.example']).configuration)!;
  expect(named.proof).toMatchObject({ peerName: 'b.example' });
  const facts = syncStreamFacts(plan, (secret) => `seal of ${secret.length} bytes`);
  expect(facts).toMatchObject({ syncPrivateKey: 'seal of ', syncPeerName: B });
  expect(facts).toMatchObject({ syncCertificate: expect.stringMatching(/^(\w\w:){3}\w\w$/) });
});

test.each<[string, readonly string[], readonly string[]]>([
  ['a chain', words('chain'), []],
  ['two authorities', words('cert', 'key', 'ca-both'), []],
  ['an authority that everybody can read', words('cert', 'key', 'ca-open'), []],
  ['no key', words().filter((word) => !word.startsWith('private')), ['error CFG_INCOMPLETE 5:15']],
  ['an authority alone', ['authority /k/ca'], ['error CFG_INCOMPLETE 5:13']],
  ['a name alone', ['peer_name b'], ['error CFG_INCOMPLETE 5:13']],
  ['neither', [], ['error CFG_INCOMPLETE 2:2']],
  ['a psk as well', ['psk /k/psk', ...words()], ['error CFG_CONTRADICTION 6:15']],
  ['a name beside a psk', ['psk /k/psk', 'peer_name b'], ['error CFG_CONTRADICTION 6:13']],
  ['a name that is none', [...words(), 'peer_name b..c'], ['error CFG_VALUE 8:13']],
  ['part of a path', words().with(0, 'certificate cert'), ['error CFG_VALUE 5:15']],
  ['a certificate that is not there', words('none'), ['error CFG_CERTIFICATE 5:15']],
  ['a key that is not there', words('cert', 'none'), ['error CFG_CERTIFICATE 6:15']],
  ['an authority that is not there', words('cert', 'key', 'none'), ['error CFG_CERTIFICATE 7:13']],
  ['a key where a certificate has to be', words('key'), ['error CFG_CERTIFICATE 5:15']],
  ['a damaged certificate', words('cert-damaged'), ['error CFG_CERTIFICATE 5:15']],
  ['no PEM', words('cert', 'nothing'), ['error CFG_CERTIFICATE 6:15']],
  ['an encrypted key', words('cert', 'key-encrypted'), ['error CFG_CERTIFICATE 6:15']],
  ['a key that is too short', words('cert', 'key-weak'), ['error CFG_CERTIFICATE 6:15']],
  ['a key of another certificate', words('cert', 'key-b'), ['error CFG_CERTIFICATE 6:15']],
  ['a chain that begins at the wrong end', words('chain-turned'), ['error CFG_CERTIFICATE 6:15']],
  ['an authority without a root', words('cert', 'key', 'ca-no-root'), ['error CFG_CERTIFICATE 7:13']],
  [
    'a certificate for servers only',
    words('cert-server', 'none'),
    ['error CFG_CERTIFICATE 5:15', 'error CFG_CERTIFICATE 6:15'],
  ],
  ['a key that others can read', words('cert', 'key-open'), ['warning CFG_KEY_OPEN 6:15']],
  [
    'an authority that others can change',
    words('cert', 'key', 'ca-changeable'),
    ['warning CFG_KEY_OPEN 7:13'],
  ],
])('%s', (_, given, said) => {
  const { records } = read(given);
  expect(records.map(({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`)).toEqual(
    said,
  );
});

describe('dates', () => {
  const said = (certificate: string) =>
    read(words(certificate, 'none')).records.filter(({ code }) => code === 'CFG_CERTIFICATE_DATE');

  test('one that has expired, or will', () => {
    expect(said('cert')).toEqual([]);
    expect(said('cert-old')).toMatchObject([{ message: expect.stringMatching(/has expired on 20\d\d-/) }]);
    expect(said('cert-soon')).toMatchObject([{ message: expect.stringMatching(/expires in 3 days, on 20/) }]);
    expect(said('cert-later')).toMatchObject([{ message: expect.stringMatching(/not valid before 20/) }]);
  });

  test('it is said in the log, too', () => {
    const notice = (certificate: string, laterMs = 0) =>
      expiryNotice(planSyncStream(read(words(certificate)).configuration)!, Date.now() + laterMs);
    expect(notice('cert')).toBeUndefined();
    const expected = { event: 'sync.certificate', fields: { days: 3 } };
    expect(notice('cert-soon')).toMatchObject(expected);
    expect(notice('cert-old')).toMatchObject({ fields: { days: -3 } });
    expect(notice('cert', 20 * 86_400_000)).toMatchObject({ fields: { days: 9 } });
  });
});

test('the caret, and what to do', () => {
  const { sources, diagnostics } = read(words('cert', 'key-b'));
  expect(renderDiagnostics(sources, diagnostics)).toBe(`\
x.conf:6:15: error: the key in /k/key-b does not belong to the certificate in /k/cert [CFG_CERTIFICATE]
  |
6 |   private_key /k/key-b
  |               ^^^^^^^^
  = of several certificates in a file the director’s own comes first
x.conf:5:15: note: the certificate is here
  |
5 |   certificate /k/cert
  |               ^^^^^^^
`);
});

describe('a pair', () => {
  const a = read(words(), 'a');
  const told = (given: readonly string[]) => {
    const b = read(given, 'b', [`listen ${B}`, `peer ${A}`]);
    const { sources, diagnostics } = comparePair(a, b, false);
    return recordDiagnostics(sources, diagnostics)
      .filter(({ code }) => code === 'CFG_PAIR_SYNC')
      .map(({ file, line, message }) => `${file}:${line} ${message}`);
  };
  const names = `IP Address:${A}, DNS:a.example`;

  test.each<[string, readonly string[], readonly string[]]>([
    ['that fits', words('cert-b'), []],
    ['with somebody in between', words('chain-behind'), []],
    [
      'with somebody in between who is not in the file',
      words('cert-behind'),
      ['b:5 the other director knows no authority that has signed the certificate here'],
    ],
    ['by name', [...words('cert-b'), 'peer_name a.example'], []],
    ['of which one file is not here', words(), []],
    [
      'with another authority',
      words('cert-b', 'key', 'ca-other'),
      ['b:7 no authority here has signed the certificate of the other director'],
    ],
    [
      'with a certificate of another authority',
      words('cert-other'),
      ['b:5 the other director knows no authority that has signed the certificate here'],
    ],
    [
      'with a name that is not in it',
      [...words('cert-b'), 'peer_name c.example'],
      [`b:8 the certificate of the other director is for ${names}, and not for c.example`],
    ],
    [
      'with a certificate for somebody else',
      words('cert-server'),
      [`b:5 the certificate here is for IP Address:${A}, and the other director wants ${B}`],
    ],
    [
      'with a psk',
      ['psk /k/psk'],
      ['b:5 psk here, and certificates on the other director: neither knows the other'],
    ],
  ])('%s', (_, given, expected) => {
    expect(told(given)).toEqual(expected);
  });

  test('the other way round', () => {
    const [one, two] = [read(['psk /k/psk'], 'a'), read(words('cert-b', 'key', 'ca-other'), 'b')];
    const { diagnostics } = comparePair(one, two, false);
    expect(diagnostics.map(({ message }) => message)).toContain(
      'certificates here, and psk on the other director: neither knows the other',
    );
  });
});

describe('docs/sync.md', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'lvs-sync-docs-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const text = readFileSync(new URL('../../docs/sync.md', import.meta.url), 'utf8');
  const here = (words: string) => words.replaceAll('/etc/lvs-director', scratch);
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => here(block!));
  const blocks = [...text.matchAll(/^```\n(director \{\n {4}sync \{\n {8}listen[\s\S]*?)^```/gm)];
  const [byKey, byCertificates] = blocks.map(([, block]) => here(block!));
  /** What is said of both, and of them as a pair. */
  function complaints(a: string, b: string): string[] {
    // Not before the certificates are made: they are valid from then on.
    const options = { readKeyFile: readRealFile, nowMs: Date.now() };
    const results = [a, b].map((one, i) => readConfiguration([{ name: 'ab'[i]!, text: one }], options));
    const sync = comparePair(results[0]!, results[1]!, false).diagnostics.filter(
      ({ code }) => code === 'CFG_PAIR_SYNC',
    );
    return [...results.flatMap(({ diagnostics }) => diagnostics), ...sync].map(({ message }) => message);
  }
  const otherSide = (config: string) =>
    config.replace(/(listen|peer) 10\.9\.0\.([12])/g, (_, word, n) => `${word} 10.9.0.${3 - Number(n)}`);

  test('its commands make what its examples name, and that fits together', () => {
    expect([commands.length, blocks.length]).toEqual([2, 2]);
    for (const block of commands) execFileSync('sh', ['-ec', block], { cwd: scratch, stdio: 'pipe' });
    expect(complaints(byKey!, otherSide(byKey!))).toEqual([]);
    const of = (name: string, config: string) =>
      config.replaceAll(/\/sync(-key)?\.pem/g, (_, key = '') => `/${name}${key}.pem`);
    expect(complaints(of('a', byCertificates!), of('b', otherSide(byCertificates!)))).toEqual([]);
  });
});
