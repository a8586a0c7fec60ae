// What is secret in a file is never shown, whatever else is wrong with the line.
import { describe, expect, test } from 'vitest';
import { maskSecrets } from '../../src/config/mask.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';

const HEAD =
  'vrrp_instance V {\n interface eth0\n virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1\n }\n';
const INSTANCE = (line: string) => `${HEAD}${line}\n}\n`;

describe('a secret is not shown', () => {
  test.each([
    ['authentication {\n auth_type PASS\n auth_pass hunter2 hunter2 }', 1],
    ['authentication {\n auth_type PASS\n auth_pass hunter2hunter2 }', 2],
    ['authentication {\n auth_pss hunter2\n auth_pass "hunter2"\n auth_pass hunter2 xx\n}', 2],
    ['auth_hmac {\n key 1 hunter2\n key 300 hunter2hunter2\n key 1 hex:hunter2\n}', 3],
    ['$P=hunter2\nauthentication {\n auth_pass $P more\n}', 1],
  ])('%s', (line, least) => {
    const { sources, diagnostics } = readConfiguration([{ name: 'x', text: INSTANCE(line) }]);
    const shown =
      renderDiagnostics(sources, diagnostics) + JSON.stringify(recordDiagnostics(sources, diagnostics));
    expect(diagnostics.length).toBeGreaterThanOrEqual(least);
    expect(shown).not.toMatch(/hunter2/);
  });
});

test('what is covered keeps its length and place', () => {
  const sources = [
    { name: 'a', text: 'one two three' },
    { name: 'b', text: 'four' },
  ];
  const spans = [
    { source: 0, start: 4, end: 7 },
    { source: 0, start: 5, end: 9 },
    { source: 0, start: 4, end: 6 },
  ];
  expect(maskSecrets(sources, spans).map(({ text }) => text)).toEqual(['one •••••hree', 'four']);
  expect(maskSecrets(sources, [])).toBe(sources);
});
