// Words, braces, comments, quotes and look-alike characters of one line.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { describe, expect, test } from 'vitest';
import { lexLine } from '../../src/config/lexer.ts';
import { Report } from '../../src/config/report.ts';

function lex(text: string) {
  const report = new Report(false);
  const place = (start: number, end: number) => ({ source: 0, start, end });
  const tokens = lexLine({ text, start: 0, end: text.length, place }, true, report);
  const shown = tokens.map((token) =>
    token.kind === 'word' ? token.text : token.kind === 'open' ? '{' : '}',
  );
  const spans = tokens.map((token) => {
    const { start, end } = token.at;
    return text.slice(start, end);
  });
  return { shown, spans, complaints: report.sorted().map(({ code, at }) => [code, at.start]) };
}

describe('a line becomes', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['   \t ', []],
    ['priority 100', ['priority', '100']],
    ['\tpriority\t\t100\r', ['priority', '100']],
    ['priority 100 ! why', ['priority', '100']],
    ['priority 100# why', ['priority', '100']],
    ['vrrp_instance V{', ['vrrp_instance', 'V', '{']],
    ['{weight 1}', ['{', 'weight', '1', '}']],
    ['} }', ['}', '}']],
    ['router_id "a b"', ['router_id', 'a b']],
    ['router_id "a # b ! { } c"', ['router_id', 'a # b ! { } c']],
    ['router_id ""', ['router_id', '']],
    ['router_id abcd" efg h "mnop', ['router_id', 'abcd efg h mnop']],
    ['script "a \\" b" c', ['script', 'a \\" b', 'c']],
    ['router_id a\\#b', ['router_id', 'a#b']],
    ["router_id it's", ['router_id', "it's"]],
    ['10.${NET}.1/24', ['10.${NET}.1/24']],
    ['x ${', ['x', '$', '{']],
    ['Zürich größe', ['Zürich', 'größe']],
  ])('%j', (text, words) => {
    const { shown, complaints } = lex(text);
    expect(shown).toEqual(words);
    expect(complaints).toEqual([]);
  });
});

test('a word knows where it is, quotes and all', () => {
  expect(lex('  router_id "a b" { x }').spans).toEqual(['router_id', '"a b"', '{', 'x', '}']);
});

describe('complains about', () => {
  test.each<[string, string[], [string, number][]]>([
    ['router_id "a b', ['router_id', 'a b'], [['CFG_QUOTE', 10]]],
    ['priority\u00a0100', ['priority', '100'], [['CFG_CHARACTER', 8]]],
    ['\ufeffglobal_defs {', ['global_defs', '{'], [['CFG_CHARACTER', 0]]],
    ['priority 1\u200b00', ['priority', '1', '00'], [['CFG_CHARACTER', 10]]],
    ['a \u0000b', ['a', '\u0000b'], [['CFG_CHARACTER', 2]]],
    [
      'router_id \u201cmine\u201d',
      ['router_id', '\u201cmine\u201d'],
      [
        ['CFG_CHARACTER', 10],
        ['CFG_CHARACTER', 15],
      ],
    ],
  ])('%j', (text, words, complaints) => {
    const result = lex(text);
    expect(result.shown).toEqual(words);
    expect(result.complaints).toEqual(complaints);
  });

  test('nothing inside comments', () => {
    expect(lex('priority 100 # \u00a0 "never closed').complaints).toEqual([]);
  });
});
