// What happens line by line before keywords are looked at: conditions, definitions, repetitions, included
// files.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { describe, expect, test } from 'vitest';
import { Expander, type Include } from '../../src/config/expand.ts';
import { Report } from '../../src/config/report.ts';
import type { Source } from '../../src/core/diagnostic.ts';
import { survives } from '../fuzz/survives.ts';

function expand(text: string, include: Include = () => [], seed = 1) {
  const report = new Report(false);
  const sources = [{ name: 'main.conf', text }];
  const environment = { SITE: 'north', EMPTY: '' };
  const options = { configId: 'alpha', include, mostLines: 2000, environment, seed };
  const expander = new Expander(sources, options, report);
  const lines: string[] = [];
  const places: string[] = [];
  expander.expand(0, ({ tokens }) => {
    const words = tokens.map((token) => {
      const { at } = token;
      places.push(expander.sources[at.source]!.text.slice(at.start, at.end));
      return token.kind === 'word' ? token.text : token.kind === 'open' ? '{' : '}';
    });
    lines.push(words.join(' '));
  });
  const complaints = report.sorted().map(({ code, message }) => `${code}: ${message}`);
  return { lines, places, complaints, sources: expander.sources };
}

describe('conditions', () => {
  test('keep a line for the configuration id it names, or for all others', () => {
    const { lines } = expand('@alpha a 1\n@beta b 2\n@^alpha c 3\n@^beta d 4\n@alpha\n  @alpha   e 5\n');
    expect(lines).toEqual(['a 1', 'd 4', 'e 5']);
  });

  test('may stand before a definition, or come out of one', () => {
    const { lines } = expand('@alpha $P=1\n@beta $P=2\n$IF=@beta\np $P\n$IF q $P\n');
    expect(lines).toEqual(['p 1']);
  });
});

describe('definitions', () => {
  test('are replaced when used, recursively, with the value of that moment', () => {
    // The example of keepalived.conf(5).
    const text = '$B=10.2.${S}\n$S=0\n${B}.100/32\n$S=10\n${B}.100/32\n';
    expect(expand(text).lines).toEqual(['10.2.0.100/32', '10.2.10.100/32']);
  });

  test('need braces or a blank after the name', () => {
    expect(expand('$A=1\na $A b\na $Ab\na $A.b\na ${A}b\na "$A"\n').lines).toEqual([
      'a 1 b',
      'a $Ab',
      'a $A.b',
      'a 1b',
      'a $A',
    ]);
  });

  test('may be empty, hold several words, and a comment ends them', () => {
    expect(expand('$E=\n$W=b c # d\na $E x\na $W\n').lines).toEqual(['a x', 'a b c']);
  });

  test('of several lines give several lines, nested', () => {
    const text =
      '$RS= \\\n  real ${N} { \\\n  w 1 \\\n }\n' +
      '$VS= \\\n  virtual { \\\n $N=1 \\\n $RS \\\n $N=2 \\\n $RS \\\n }\n$VS\n';
    expect(expand(text).lines).toEqual(['virtual {', 'real 1 {', 'w 1', '}', 'real 2 {', 'w 1', '}', '}']);
  });

  test('that nobody gave are reported with braces, and left alone without', () => {
    const { lines, complaints } = expand('a ${X}\na $X\n');
    expect(lines).toEqual(['a ${X}', 'a $X']);
    expect(complaints).toEqual(['CFG_DEFINITION: `${X}` is defined nowhere']);
  });

  test('that grow in one line end in a diagnostic, before they fill the memory', () => {
    const { lines, complaints } = expand(`$A=${'x'.repeat(16_000)}\n${'$A '.repeat(10_000)}\n`);
    expect(lines).toEqual([]);
    expect(complaints.join()).toContain('never end');
  });

  test('that refer to themselves end in a diagnostic', () => {
    expect(expand('$A=$A $A\nb $A\n').complaints.join()).toContain('never end');
    expect(expand('$A=\\\n$A\\\n$A\n$A\n').complaints.join()).toContain('grows without end');
  });

  test('point at the place of use', () => {
    expect(expand('$A=10.0.0\nvip ${A}.1/24 x\n').places).toEqual(['vip', '${A}.1/24', 'x']);
  });

  test('know the built-in names', () => {
    expect(expand('a ${_INSTANCE} ${_PWD} b${_HASH}c d${_BANG}e\n').lines).toEqual(['a alpha . b#c d!e']);
  });

  test('know the environment', () => {
    expect(expand('a ${_ENV SITE}x b${_ENV EMPTY}\n').lines).toEqual(['a northx b']);
    expect(expand('a ${_ENV NOBODY}\n').complaints.join()).toContain('`${_ENV NOBODY}` has no value');
    expect(expand('a ${_ENV}\n').complaints.join()).toContain('has no value');
  });

  test('know chance: within the bounds, the same for the same seed, another at each use', () => {
    const draw = (text: string, seed: number) =>
      expand(text, undefined, seed).lines[0]!.split(' ').map(Number);
    const drawn = draw('${_RANDOM 3 5} '.repeat(200).trim(), 7);
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5]));
    expect(draw('${_RANDOM 3 5} '.repeat(200).trim(), 7)).toEqual(drawn);
    const [alone] = draw('${_RANDOM}', 3);
    expect(alone).toBeGreaterThanOrEqual(0);
    expect(alone).toBeLessThanOrEqual(32_767);
    expect(expand('a ${_RANDOM 5 3}\n').complaints.join()).toContain('has no value');
    expect(expand('a ${_RANDOM x}\n').complaints.join()).toContain('has no value');
  });
});

describe('repetitions', () => {
  // All from keepalived.conf(5).
  test.each<[string, string[]]>([
    ['~SEQ(S, 0, 3) a 10.0.${S}.1', ['a 10.0.0.1', 'a 10.0.1.1', 'a 10.0.2.1', 'a 10.0.3.1']],
    ['~SEQ(S, 3) ${S}', ['1', '2', '3']],
    ['~SEQ(S, -2) ${S}', ['-1', '-2']],
    ['~SEQ(S, 3, 1) ${S}', ['3', '2', '1']],
    ['~SEQx(S, 0x90, 0x10, 0xb0) fe80::${S}', ['fe80::90', 'fe80::a0', 'fe80::b0']],
    ['~SEQ(A, 1, 2) ~SEQ(B, 3, 4) ${A}.${B}', ['1.3', '1.4', '2.3', '2.4']],
    ['~LST(L, a, b) ${L}', ['a', 'b']],
    ['~LST({I, J}, {10,1},{20}) x ${I} y ${J}', ['x 10 y 1', 'x 20 y']],
    ['~LST(A, 1, 2) ~SEQ(B, 5, 6) ${A}.${B}', ['1.5', '1.6', '2.5', '2.6']],
  ])('%s', (text, lines) => {
    expect(expand(`${text}\n`)).toMatchObject({ lines, complaints: [] });
  });

  test('take their bounds from definitions and repeat definitions of several lines', () => {
    expect(expand('$N=2\n$B= \\\n x ${I} { \\\n }\n~SEQ(I, 1, $N) $B\n').lines).toEqual([
      'x 1 {',
      '}',
      'x 2 {',
      '}',
    ]);
  });

  test.each([
    '~SEQ x',
    '~SEQ(A) x',
    '~SEQ(A, 1, 0, 5) x',
    '~SEQ(A, 5, 1, 1) x',
    '~SEQ(A, 1, 9999999) x',
    '~SEQx(A, -1) x',
    '~LST(A) x',
    '~LST(A, {1, 2}) x',
    `~LST({A${', A'.repeat(1_000)}}, 1${', 1'.repeat(1_000)}) x`,
  ])('%s is refused', (text) => {
    const { lines, complaints } = expand(`${text}\n`);
    expect(lines).toEqual([]);
    expect(complaints.join()).toContain('CFG_DEFINITION');
  });

  test('that nest without end end in a diagnostic', () => {
    const { complaints } = expand('$A=~SEQ(I, 1, 100000) ~SEQ(J, 1, 100000) x\n$A\n');
    expect(complaints.join()).toContain('grows without end');
  });
});

describe('included files', () => {
  const files: Record<string, string> = {
    'b.conf': 'b 1\n$X=7\n',
    'self.conf': 'include self.conf\ns 1\n',
    'inner.conf': 'i ${_PWD}\n',
    'sub/dir.conf': 'include inner.conf\n',
  };
  const include = (pattern: string, _from: string): Source[] =>
    files[pattern] === undefined ? [] : [{ name: pattern, text: files[pattern] }];

  test('are read in place, and what they define stays defined', () => {
    const { lines, sources } = expand('a 0\ninclude b.conf # why\nc $X\n', include);
    expect(lines).toEqual(['a 0', 'b 1', 'c 7']);
    expect(sources.map(({ name }) => name)).toEqual(['main.conf', 'b.conf']);
  });

  test('may be missing, unless a stricter form is used', () => {
    expect(expand('include none.conf\n', include).complaints).toEqual([
      'CFG_INCLUDE_EMPTY: there is no file none.conf',
    ]);
    expect(expand('include none/*.conf\nincluder none/*.conf\nincludem no*\n', include).complaints).toEqual(
      [],
    );
    for (const line of ['includem none.conf', 'includew none/*', 'includea none/*'])
      expect(expand(`${line}\n`, include).complaints.join()).toContain('CFG_INCLUDE:');
  });

  test('without a name are reported inside the text', () => {
    for (const text of ['include ', 'include # why', 'include\t\n']) survives(text);
    expect(expand('include ').complaints).toEqual(['CFG_INCLUDE_EMPTY: there is no file ']);
  });

  test('that include themselves end in a diagnostic', () => {
    const { lines, complaints } = expand('include self.conf\n', include);
    expect(lines).toEqual(['s 1']);
    expect(complaints).toEqual(['CFG_INCLUDE: self.conf includes itself']);
  });

  test('that all include each other end in a diagnostic', () => {
    const names = Array.from({ length: 12 }, (_, i) => `f${i}`);
    const text = names.map((name) => `include ${name}\n`).join('');
    const { complaints } = expand(text, (name) => [{ name, text }]);
    expect(complaints.join()).toContain('grows without end');
  });

  test('are asked for relative to the file that includes them', () => {
    const asked: string[] = [];
    expand('include sub/dir.conf\n', (pattern, from) => {
      asked.push(`${pattern} from ${from}`);
      return include(pattern, from);
    });
    expect(asked).toEqual(['sub/dir.conf from main.conf', 'inner.conf from sub/dir.conf']);
  });
});
