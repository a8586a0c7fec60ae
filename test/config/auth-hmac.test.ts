// `auth_hmac { … }`: what an instance's keys come to, from the text and from files, what is said about them,
// and two directors with different ones. What keepalived 2.2.7 has no word for it cannot judge.
import { describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { type ReadOptions, readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import type { KeyFile } from '../../src/config/rules/keys.ts';

const HEX = '0123456789abcdef'.repeat(4);
const OTHER = 'ff'.repeat(32);
const TEXT = 'a_key_of_thirty-two_letters_1234';

function read(lines: string[], head: string[] = [], options: ReadOptions = {}) {
  const text = [
    'vrrp_instance V {',
    'interface eth0',
    'virtual_router_id 5',
    'virtual_ipaddress { 10.0.0.1 }',
    ...head,
    'auth_hmac {',
    ...lines,
    '}',
    '}',
    '',
  ].join('\n');
  return readConfiguration([{ name: 'x', text }], options);
}
function said({ sources, diagnostics }: ReturnType<typeof read>): string[] {
  const records = recordDiagnostics(sources, diagnostics);
  return records.map((one) => `${one.severity} ${one.code} ${one.line}:${one.column}`);
}
function hmacOf({ configuration }: ReturnType<typeof read>) {
  const hmac = configuration.instances[0]?.hmac;
  if (hmac === undefined) return undefined;
  return {
    keys: hmac.keys.map(({ id, source }) => [id.value, 'hex' in source ? source.hex : source.file]),
    active: hmac.activeKey.value,
    mode: hmac.mode.value,
    antiReplay: hmac.antiReplay.value,
    window: hmac.windowSeconds.value,
  };
}
const ONE = [`key 1 hex:${HEX}`, 'active_key 1'];

describe('what it comes to', () => {
  test('with nothing but a key: keepalived’s defaults', () => {
    const result = read(ONE);
    expect(said(result)).toEqual([]);
    expect(hmacOf(result)).toEqual({
      keys: [[1, HEX]],
      active: 1,
      mode: 'enforce',
      antiReplay: 'time',
      window: 5,
    });
  });
  test.each([
    ['1', 5],
    ['0.1', 5],
    ['2.9', 6],
    ['40', 120],
  ])('with an advert_int of %s s the window is %i s', (interval, window) => {
    expect(hmacOf(read(ONE, ['version 3', `advert_int ${interval}`]))?.window).toBe(window);
  });
  test('several keys, capital digits, text, and everything said', () => {
    const lines = [
      `key 1 hex:${HEX.toUpperCase()}`,
      `key 200 ${TEXT}`,
      'active_key 200',
      'mode receive-only',
      'time_window 300',
    ];
    expect(hmacOf(read(lines))).toEqual({
      keys: [
        [1, HEX],
        [200, Buffer.from(TEXT).toString('hex')],
      ],
      active: 200,
      mode: 'receive-only',
      antiReplay: 'time',
      window: 300,
    });
  });
  test.each<[string, string[], string[]]>([
    ['no key', ['active_key 1'], ['error CFG_KEY 6:12']],
    ['no active_key', [`key 1 hex:${HEX}`], ['error CFG_KEY 5:1']],
    ['nothing at all', [], ['error CFG_KEY 5:1']],
    ['an active_key that is no key', [`key 1 hex:${HEX}`, 'active_key 2'], ['error CFG_KEY 7:12']],
    ['one id twice', [...ONE, `key 1 hex:${OTHER}`], ['error CFG_DUPLICATE 8:5']],
    ['31 bytes', [`key 1 hex:${HEX.slice(2)}`, 'active_key 1'], ['error CFG_RANGE 6:7']],
    ['65 bytes', [`key 1 ${'x'.repeat(65)}`, 'active_key 1'], ['error CFG_RANGE 6:7']],
    ['half a byte', [`key 1 hex:${HEX.slice(1)}`, 'active_key 1'], ['error CFG_VALUE 6:7']],
    ['no digit', [`key 1 hex:${HEX.slice(2)}xy`, 'active_key 1'], ['error CFG_VALUE 6:7']],
    ['a file beside it', ['key 1 file:key', 'active_key 1'], ['error CFG_VALUE 6:7']],
    ['id 0', [`key 0 hex:${HEX}`, 'active_key 1'], ['error CFG_RANGE 6:5']],
    ['an empty window', [...ONE, 'time_window 0'], ['error CFG_RANGE 8:13']],
    [
      'a window without a clock',
      [...ONE, 'anti_replay monotonic', 'time_window 9'],
      ['warning CFG_REDUNDANT 9:13'],
    ],
  ])('%s', (_, lines, complaints) => {
    const result = read(lines);
    expect(said(result)).toEqual(complaints);
    expect(renderDiagnostics(result.sources, result.diagnostics)).not.toMatch(/0123|cdef|xxxx|ffff/);
  });
  test('with --compat it does not go on without signatures, as keepalived does', () => {
    for (const lines of [['active_key 1'], ['key 1 short', 'active_key 1']])
      expect(said(read(lines, [], { compat: true }))).toContain(
        'error CFG_KEY 7:12'.replace('7', String(5 + lines.length)),
      );
  });
  test('takes the place of a password, in version 2 as well', () => {
    const result = read(ONE, ['version 2', 'authentication {\nauth_type PASS\nauth_pass hunter2\n}']);
    expect(said(result)).toEqual(['warning CFG_REDUNDANT 6:1']);
    expect(result.configuration.instances[0]?.password).toBeUndefined();
    expect(hmacOf(result)?.active).toBe(1);
  });
});

describe('a key in a file', () => {
  const lines = ['key 1 file:/etc/key', 'active_key 1'];
  const withFile = (file: KeyFile) => read(lines, [], { readKeyFile: () => file });
  const holding = (text: string, open?: string) =>
    withFile({ ok: true, bytes: Buffer.from(text, 'latin1'), ...(open === undefined ? {} : { open }) });
  test.each([
    ['digits', `hex:${HEX}`, HEX],
    ['digits and a line end', `hex:${HEX}\n`, HEX],
    ['a text', `${TEXT}\r\n`, Buffer.from(TEXT).toString('hex')],
    ['bytes', '\x80'.repeat(32), '80'.repeat(32)],
  ])('%s', (_, text, hex) => {
    const result = holding(text);
    expect(said(result)).toEqual([]);
    expect(hmacOf(result)?.keys).toEqual([[1, hex]]);
  });
  test.each([
    ['an empty one', ''],
    ['a short one', `hex:${HEX.slice(2)}`],
    ['a wrong one', `hex:${HEX}z`],
  ])('%s is an error, and not shown', (_, text) => {
    const result = holding(text);
    expect(said(result)).toEqual(['error CFG_KEY 6:5']);
    expect(renderDiagnostics(result.sources, result.diagnostics)).not.toContain('0123');
  });
  test('one that cannot be read is an error, with --compat, too', () => {
    expect(said(withFile({ ok: false, says: 'is not a file' }))).toEqual(['error CFG_KEY 6:5']);
  });
  test('one that others can read is used, and complained of', () => {
    const result = holding(HEX.slice(32), 'others have rights to it');
    expect(said(result)).toEqual(['warning CFG_KEY_OPEN 6:5']);
    expect(hmacOf(result)?.keys[0]?.[1]).toBe(Buffer.from(HEX.slice(32)).toString('hex'));
  });
});

describe('of a pair', () => {
  const compared = (a: string[] | undefined, b: string[] | undefined) => {
    const one = (lines: string[] | undefined, priority: number) =>
      lines === undefined
        ? readConfiguration([{ name: 'x', text: PLAIN.replace('PRIORITY', String(priority)) }])
        : read(lines, [`priority ${priority}`]);
    const { sources, diagnostics } = comparePair(one(a, 150), one(b, 100), false);
    return { codes: diagnostics.map(({ code }) => code), text: renderDiagnostics(sources, diagnostics) };
  };
  const words = ['interface eth0', 'virtual_router_id 5', 'priority PRIORITY'];
  const PLAIN = `vrrp_instance V {\n${words.join('\n')}\nvirtual_ipaddress { 10.0.0.1 }\n}\n`;
  const TWO = [`key 2 hex:${OTHER}`, 'active_key 2'];
  const BOTH = [`key 1 hex:${HEX}`, `key 2 hex:${OTHER}`];
  test.each<[string, string[] | undefined, string[] | undefined]>([
    ['the same key', ONE, ONE],
    ['both keys, each signing with another', [...BOTH, 'active_key 1'], [...BOTH, 'active_key 2']],
    ['a new key on one', [...BOTH, 'active_key 1'], ONE],
    ['receive-only on one, nothing on the other', [...ONE, 'mode receive-only'], undefined],
  ])('%s: nothing to say', (_, a, b) => {
    expect(compared(a, b).codes).toEqual([]);
    expect(compared(b, a).codes).toEqual([]);
  });
  test.each<[string, string[] | undefined, string[] | undefined, string, string]>([
    ['another key', ONE, [`key 1 hex:${OTHER}`, 'active_key 1'], 'CFG_PAIR_KEY', 'key 1 is another one'],
    ['only one signs', ONE, undefined, 'CFG_PAIR_KEY', 'this one has not'],
    ['only the other signs', undefined, ONE, 'CFG_PAIR_KEY', 'this one has:'],
    ['the old key is gone', [...BOTH, 'active_key 1'], TWO, 'CFG_PAIR_KEY', 'no key 1 here'],
    ['the new key is not there yet', ONE, [...BOTH, 'active_key 2'], 'CFG_PAIR_KEY', 'signs with key 2'],
    ['one does not sign', [...ONE, 'mode receive-only'], ONE, 'CFG_PAIR_KEY', 'mode is enforce here'],
    ['modes', [...ONE, 'mode permissive'], ONE, 'CFG_PAIR_SIGNING', 'mode is enforce here'],
    ['replay', [...ONE, 'anti_replay monotonic'], ONE, 'CFG_PAIR_SIGNING', 'anti_replay is time here'],
    ['windows', [...ONE, 'time_window 9'], ONE, 'CFG_PAIR_SIGNING', 'time_window is 5 here'],
  ])('%s: told, and not shown', (_, a, b, code, message) => {
    const { codes, text } = compared(a, b);
    expect(codes).toEqual([code]);
    expect(text).toContain(message);
    expect(text).not.toMatch(/0123|ffff/);
  });
});
