// How diagnostics look: place, line, caret, hint. The caret stands below what is meant whatever is on the
// line before it.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics, renderDiagnostics } from '../../src/config/render.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';

function render(text: string, name = 'director.conf'): string {
  const { sources, diagnostics } = readConfiguration([{ name, text }]);
  return renderDiagnostics(sources, diagnostics);
}

/** One diagnostic about the first place where `words` stand. */
function renderAt(text: string, words: string): string[] {
  const start = text.indexOf(words);
  const at = { source: 0, start, end: start + words.length };
  const diagnostic: Diagnostic = { severity: 'error', code: 'CFG_VALUE', at, message: 'm' };
  return renderDiagnostics([{ name: 'x', text }], [diagnostic]).split('\n');
}

test('place, message and code, the line, a caret, a hint', () => {
  const text =
    'vrrp_instance VI_1 {\n    priority 300\n    interface eth0\n    virtual_router_id 1\n' +
    '    virtual_ipaddress { 10.0.0.1 }\n}\n';
  expect(render(text)).toBe(
    `director.conf:2:14: error: priority must be 1 to 255 [CFG_RANGE]
  |
2 |     priority 300
  |              ^^^
  = 255 is for the address owner; 0 means "I resign" and is never configured
`,
  );
});

test('several, each with its own gutter, in the order of the text', () => {
  const text = `global_defs {\n  rooter_id x\n}\n${'\n'.repeat(7)}global_defs {\n  vrrp_version 4\n}\n`;
  expect(render(text, '/etc/keepalived/keepalived.conf')).toBe(
    `/etc/keepalived/keepalived.conf:2:3: error: unknown word "rooter_id" in global_defs [CFG_UNKNOWN]
  |
2 |   rooter_id x
  |   ^^^^^^^^^
  = did you mean \`router_id\`?

/etc/keepalived/keepalived.conf:12:16: error: vrrp_version takes 2 or 3, not "4" [CFG_VALUE]
   |
12 |   vrrp_version 4
   |                ^
`,
  );
});

test('nothing to say is nothing said', () => {
  expect(render('global_defs {\n}\n')).toBe('');
});

test.each([
  ['tabs', '\tpriority\t300', '300', '    priority    300'],
  ['wide characters', 'router_id 東京 300', '300', 'router_id 東京 300'],
  ['emoji', 'router_id 🦀 300', '300', 'router_id 🦀 300'],
  ['combining characters', 'router_id e\u0301 300', '300', 'router_id e\u0301 300'],
  ['control characters', 'router_id \u001b[31m 300', '300', 'router_id \ufffd[31m 300'],
  ['a carriage return', 'priority 300\r', '300', 'priority 300'],
])('the caret is right after %s', (_, text, words, shown) => {
  const [, , line, caret] = renderAt(text, words);
  expect(line).toBe(`1 | ${shown}`);
  expect(cells(caret!.slice(0, caret!.indexOf('^')))).toBe(cells(line!.slice(0, line!.indexOf(words))));
  expect(caret!.trimEnd().endsWith('^^^')).toBe(true);
});

/** Columns of a terminal; the test's own count, of the few characters it uses. */
function cells(text: string): number {
  return [...text].reduce((sum, c) => sum + (c === '\u0301' ? 0 : '東京🦀'.includes(c) ? 2 : 1), 0);
}

test('columns count characters, not UTF-16 units', () => {
  expect(renderAt('router_id 🦀 300', '300')[0]).toBe('x:1:13: error: m [CFG_VALUE]');
});

test('of a very long line the part around the caret is shown', () => {
  const text = `${'a '.repeat(300)}HERE ${'b '.repeat(300)}`;
  const [, , line, caret] = renderAt(text, 'HERE');
  expect(line!.length).toBeLessThan(140);
  expect(line!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)).toBe('HERE');
  expect(line!.slice(4, 5)).toBe('…');
});

test('columns of a line of many thousand characters count characters, too', () => {
  const text = `${'🦀a'.repeat(5_000)} HERE ${'🦀a'.repeat(5_000)} THERE`;
  expect(renderAt(text, 'HERE')[0]).toBe('x:1:10002: error: m [CFG_VALUE]');
  expect(renderAt(text, 'THERE')[0]).toBe('x:1:20008: error: m [CFG_VALUE]');
});

test('a span over several lines is marked on its first', () => {
  expect(renderAt('one {\ntwo\n', 'one {\ntwo')[3]).toBe('  | ^^^^^');
  expect(renderAt('last', '')[3]).toBe('  | ^');
});

test('as records, with both ends', () => {
  const { sources, diagnostics } = readConfiguration([
    { name: 'a', text: '' },
    { name: 'b', text: 'global_defs {\n  vrrp_version 44\n}\n' },
  ]);
  expect(recordDiagnostics(sources, diagnostics)).toEqual([
    {
      file: 'b',
      line: 2,
      column: 16,
      endLine: 2,
      endColumn: 18,
      severity: 'error',
      code: 'CFG_VALUE',
      message: 'vrrp_version takes 2 or 3, not "44"',
    },
  ]);
});
