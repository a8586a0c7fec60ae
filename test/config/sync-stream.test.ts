// `director { sync { … } }`: where the balancers meet, and by which keys; what is wrong with it is said
// with its place.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';
import type { KeyFile } from '../../src/config/rules/keys.ts';
import { planElector } from '../../src/director/plan.ts';
import { planSyncStream, syncStreamFacts } from '../../src/director/sync-stream.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';

const HEX = 'ab'.repeat(32);
const FILES: Readonly<Record<string, KeyFile>> = {
  '/k/good': { ok: true, bytes: Buffer.from(`hex:${HEX}\n`) },
  '/k/next': { ok: true, bytes: Buffer.from('b'.repeat(32)) },
  '/k/short': { ok: true, bytes: Buffer.from('short') },
  '/k/open': { ok: true, bytes: Buffer.from(`hex:${HEX}`), open: 'others have rights to it' },
};
const readKeyFile = (path: string): KeyFile => FILES[path] ?? { ok: false, says: 'cannot be read: ENOENT' };

function read(words: string, name = 'x.conf') {
  const result = readConfiguration([{ name, text: words }], { readKeyFile, yaml: yamlLibrary });
  const records = recordDiagnostics(result.sources, result.diagnostics);
  return {
    plan: planSyncStream(result.configuration),
    preemptWaitMs: planElector(result.configuration, 'kernel').preemptWaitMs,
    said: records.map(({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`),
    messages: records.map(({ message }) => message),
  };
}
const sync = (...words: string[]) =>
  read(`director {\n sync {\n${words.map((word) => `  ${word}\n`).join('')} }\n}\n`);
const GOOD = ['listen 10.0.9.1 9000', 'peer 10.0.9.2', 'psk /k/good'];
const PLAN = {
  listen: { address: '10.0.9.1', port: 9000 },
  peer: { address: '10.0.9.2', port: 8849 },
  proof: { by: 'psk', keys: [Buffer.from(HEX, 'hex')] },
  leastPercent: 99,
};

test('two places and a key', () => {
  expect(sync(...GOOD)).toMatchObject({ plan: PLAN, said: [] });
});

test('link-local addresses, and their interface', () => {
  const { plan, said } = sync('listen fe80::1', 'peer fe80::2', 'interface eth1', 'psk /k/good');
  expect(said).toEqual([]);
  expect(plan).toMatchObject({ listen: { address: 'fe80::1' }, interface: 'eth1' });
});

test('the same as YAML', () => {
  const text = 'director:\n  sync: { listen: 10.0.9.1 9000, peer: 10.0.9.2, psk: /k/good }\n';
  expect(read(text, 'x.yaml')).toMatchObject({ plan: PLAN, said: [] });
});

test('two keys, the first to be tried first', () => {
  const { plan } = sync(...GOOD, 'psk /k/next');
  const keys = [HEX, Buffer.from('b'.repeat(32)).toString('hex')].map((hex) => Buffer.from(hex, 'hex'));
  expect(plan?.proof).toEqual({ by: 'psk', keys });
});

test.each([
  ['no key', ['listen 10.0.9.1', 'peer 10.0.9.2'], 'error CFG_INCOMPLETE 2:2'],
  ['nothing at all', [], 'error CFG_INCOMPLETE 2:2'],
  ['a key in the file itself', ['listen 10.0.9.1', 'peer 10.0.9.2', `psk hex:${HEX}`], 'error CFG_VALUE 5:7'],
  ['a file that is not there', ['listen 10.0.9.1', 'peer 10.0.9.2', 'psk /k/none'], 'error CFG_KEY 5:7'],
  ['a key that is too short', ['listen 10.0.9.1', 'peer 10.0.9.2', 'psk /k/short'], 'error CFG_KEY 5:7'],
  [
    'a key that others can read',
    ['listen 10.0.9.1', 'peer 10.0.9.2', 'psk /k/open'],
    'warning CFG_KEY_OPEN 5:7',
  ],
  ['two families', ['listen 10.0.9.1', 'peer fd00::2', 'psk /k/good'], 'error CFG_CONTRADICTION 4:8'],
  ['itself', ['listen 10.0.9.1', 'peer 10.0.9.1', 'psk /k/good'], 'error CFG_CONTRADICTION 4:8'],
  [
    'a link-local address of no link',
    ['listen fe80::1', 'peer fe80::2', 'psk /k/good'],
    'error CFG_INCOMPLETE 3:10',
  ],
  [
    'one that is link-local, and one that is not',
    ['listen fe80::1', 'peer fd00::2', 'interface eth1', 'psk /k/good'],
    'error CFG_CONTRADICTION 4:8',
  ],
  [
    'a link where none is asked for',
    ['listen 10.0.9.1', 'peer 10.0.9.2', 'interface eth1', 'psk /k/good'],
    'warning CFG_REDUNDANT 5:13',
  ],
  ['port 0', ['listen 10.0.9.1 0', 'peer 10.0.9.2', 'psk /k/good'], 'error CFG_RANGE 3:19'],
  ['no address', ['listen here', 'peer 10.0.9.2', 'psk /k/good'], 'error CFG_VALUE 3:10'],
])('%s', (_, words, said) => {
  expect(sync(...words).said).toEqual([said]);
});

test('a better director waits a minute for connections, or as it is told', () => {
  expect(sync(...GOOD).preemptWaitMs).toBe(60_000);
  expect(sync(...GOOD, 'preempt_wait 2.5').preemptWaitMs).toBe(2500);
  expect(sync(...GOOD, 'preempt_wait 0').preemptWaitMs).toBeUndefined();
  expect(read('director {\n}\n').preemptWaitMs).toBeUndefined();
});

test('keys are compared, and never shown', () => {
  const facts = syncStreamFacts(sync(...GOOD).plan, (secret) => `seal of ${secret.length}`);
  expect(facts).toEqual({
    syncListen: '10.0.9.1:9000',
    syncPeer: '10.0.9.2:8849',
    syncLeastPercent: 99,
    syncKeys: 'seal of ',
  });
  expect(sync(...GOOD, 'psk /k/short').messages.join()).not.toContain('short"');
});
