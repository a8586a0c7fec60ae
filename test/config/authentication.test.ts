// `authentication { … }`: what an instance's adverts carry, what is said about it, and that keepalived ends
// the same way is in words/ and keepalived.test.ts. One password on both directors, or they are strangers.
import { describe, expect, test } from 'vitest';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';

function read(body: string, version: 2 | 3 = 2) {
  const text = `vrrp_instance V {
version ${version}
interface eth0
virtual_router_id 5
virtual_ipaddress { 10.0.0.1 }
${body}
}
`;
  return readConfiguration([{ name: 'x', text }]);
}
const PASS = 'authentication {\nauth_type PASS\nauth_pass hunter2\n}';

describe('what it comes to', () => {
  test.each<[string, string, 2 | 3, string | undefined, string[]]>([
    ['a password', PASS, 2, 'hunter2', ['warning CFG_WEAK 7:11']],
    [
      'of several the last one',
      `${PASS}\n${PASS.replace('hunter2', 'b')}`,
      2,
      'b',
      ['warning CFG_WEAK 11:11'],
    ],
    ['one in two parts', `${PASS}\nauthentication {\nauth_pass b\n}`, 2, 'b', ['warning CFG_WEAK 7:11']],
    ['version 3', PASS, 3, undefined, ['warning CFG_REDUNDANT 7:11']],
    ['no kind', PASS.replace('auth_type PASS\n', ''), 2, undefined, ['warning CFG_NO_EFFECT 6:1']],
    ['nothing', 'authentication {\n}', 2, undefined, ['warning CFG_NO_EFFECT 6:1']],
    ['no password', PASS.replace('auth_pass hunter2\n', ''), 2, undefined, ['error CFG_CONTRADICTION 7:11']],
    ['an empty one', PASS.replace('hunter2', '""'), 2, undefined, ['error CFG_CONTRADICTION 7:11']],
    ['AH', PASS.replace('PASS', 'AH'), 2, undefined, ['error CFG_UNSAFE 7:11']],
    ['another kind', PASS.replace('PASS', 'MD5'), 2, undefined, ['error CFG_VALUE 7:11']],
    [
      'one too long',
      PASS.replace('hunter2', 'hunter2hunter2'),
      2,
      'hunter2hunter2',
      ['warning CFG_WEAK 7:11', 'warning CFG_REDUNDANT 8:11'],
    ],
  ])('%s', (_, body, version, password, said) => {
    const { configuration, diagnostics, sources } = read(body, version);
    expect(configuration.instances[0]?.password?.value).toBe(password);
    const records = recordDiagnostics(sources, diagnostics);
    expect(records.map((one) => `${one.severity} ${one.code} ${one.line}:${one.column}`)).toEqual(said);
  });
});

describe('of a pair', () => {
  const compared = (a: string, b: string) => {
    const { sources, diagnostics } = comparePair(read(a), read(b), false);
    return { codes: diagnostics.map(({ code }) => code), text: renderDiagnostics(sources, diagnostics) };
  };
  const priority = 'priority 150';
  test('the same one is nothing to talk about, also where only the part beyond eight bytes differs', () => {
    expect(compared(`${PASS}\n${priority}`, PASS).codes).toEqual([]);
    const long = (end: string) => PASS.replace('hunter2', `hunter2h${end}`);
    expect(compared(`${long('one')}\n${priority}`, long('two')).codes).toEqual([]);
  });
  test.each([
    ['another', PASS, PASS.replace('hunter2', 'hunter3'), 'another password than the other director'],
    ['only the first', PASS, '', 'adverts of the other director carry a password, and these none'],
    ['only the second', '', PASS, 'adverts of the other director carry no password, and these one'],
  ])('%s has one: told, and not shown', (_, a, b, message) => {
    const { codes, text } = compared(`${a}\n${priority}`, b);
    expect(codes).toEqual(['CFG_PAIR_PASSWORD']);
    expect(text).toContain(message);
    expect(text).not.toMatch(/hunter/);
  });
});
