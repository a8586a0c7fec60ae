// The schema as a whole: complete against keepalived's words, without contradictions, and of use to people.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES } from '../../src/config/codes.ts';
import { editDistance, nearest } from '../../src/config/nearest.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { type Block, findWord, type Keyword, knownWords } from '../../src/config/schema/block.ts';
import type { Shape } from '../../src/config/schema/shape.ts';
import { TOP } from '../../src/config/schema/top.ts';

/**
 * Every installed keyword of keepalived 2.4.3 with the path of its block: taken from its sources, 531 of
 * them.
 */
const KEEPALIVED = readFileSync(join(import.meta.dirname, 'golden/keepalived-words.tsv'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t') as [string, string]);

function blockAt(path: string): Block | undefined {
  if (path === 'TOP') return TOP;
  return path
    .split('/')
    .reduce<Block | undefined>((block, word) => block && findWord(block, word)?.block, TOP);
}

/** Words after a keyword, or in an entry of a list, that the parsers of keepalived 2.4.3 look for. */
const ARGUMENTS = readFileSync(join(import.meta.dirname, 'golden/keepalived-arguments.tsv'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t') as [string, string]);

function shapeAt(path: string): Shape<unknown> | undefined {
  const words = path.split('/');
  const keyword = findWord(blockAt(words.slice(0, -1).join('/') || 'TOP') ?? TOP, words.at(-1)!);
  return keyword?.block?.entry ?? keyword?.takes;
}

/** Named options, words of which one is taken, and what the syntax shows. */
function wordsOf(shape: Shape<unknown>): Set<string> {
  const { options = {}, json, syntax } = shape;
  const listed = (json?.enum ?? []) as readonly unknown[];
  const inOptions = Object.values(options).flatMap(({ takes }) => [...wordsOf(takes)]);
  return new Set([
    ...Object.keys(options),
    ...listed.map(String),
    ...inOptions,
    ...(syntax.match(/[\w.-]+:?/g) ?? []),
  ]);
}

test('every argument word of keepalived is known, too', () => {
  expect(ARGUMENTS.length).toBeGreaterThan(239);
  const strange = ARGUMENTS.filter(([path, word]) => {
    const shape = shapeAt(path);
    return shape === undefined || !wordsOf(shape).has(word);
  });
  expect(strange).toEqual([]);
});

function everyKeyword(): { path: string; keyword: Keyword }[] {
  const visit = (block: Block, path: string): { path: string; keyword: Keyword }[] =>
    [...knownWords(block)].flatMap(([word, keyword]) => [
      { path: `${path} ${word}`, keyword },
      ...(keyword.block === undefined ? [] : visit(keyword.block, `${path} ${word}`)),
    ]);
  return visit(TOP, '');
}

describe('every word of keepalived is known', () => {
  test('all 531', () => {
    expect(KEEPALIVED).toHaveLength(531);
    const strange = KEEPALIVED.filter(([path, word]) => {
      const block = blockAt(path);
      return block === undefined || findWord(block, word) === undefined;
    });
    expect(strange).toEqual([]);
  });

  test('and no word is invented, but in our own block', () => {
    const theirs = new Set(KEEPALIVED.map(([path, word]) => `${path}/${word}`));
    const ours = everyKeyword()
      .map(({ path }) => path.trim().split(' '))
      .filter(([first]) => first !== 'director')
      .map((words) => (words.length === 1 ? `TOP/${words[0]}` : words.join('/')));
    expect(ours.filter((word) => !theirs.has(word))).toEqual([]);
  });
});

describe('a keyword', () => {
  const keywords = everyKeyword();

  test('is described once: acted upon, or known with what is lost', () => {
    const twice = keywords.flatMap(({ path, keyword }) => {
      const { block } = keyword;
      const others = Object.keys(block?.others?.() ?? {});
      return others.filter((word) => Object.hasOwn(block!.keywords, word)).map((word) => `${path} ${word}`);
    });
    expect(twice).toEqual([]);
  });

  test('is documented in one line', () => {
    const bad = keywords.filter(({ keyword: { doc } }) => doc.length < 3 || /\n|^\s|\s$|\.$/.test(doc));
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  test('that is not acted upon is never silent', () => {
    const silent = keywords.filter(({ path, keyword }) => {
      if (keyword.standing === undefined || keyword.normal !== undefined) return false;
      const words = path.trim().split(' ');
      const heads = words.slice(0, -1).map((word) => `${word} 10.0.0.1 80 {`);
      const body = keyword.block === undefined ? '' : '{\n}';
      const text = `${heads.join('\n')}\n${words.at(-1)} 1 ${body}\n${'}\n'.repeat(heads.length)}`;
      const { diagnostics } = readConfiguration([{ name: 'x', text }]);
      return !diagnostics.some(({ code }) =>
        ['CFG_NO_EFFECT', 'CFG_UNSUPPORTED', 'CFG_UNSAFE', 'CFG_ELSEWHERE'].includes(code),
      );
    });
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('that has a default has one that its own shape would read', () => {
    const wrong = keywords.filter(({ path, keyword }) => {
      if (keyword.default === undefined) return false;
      const words = path.trim().split(' ');
      const said = keyword.takes.print!(keyword.default).replace(/ s$/, '');
      const heads = words.slice(0, -1).map((word) => `${word} 10.0.0.1 80 {`);
      const text = `${heads.join('\n')}\n${words.at(-1)} ${said}\n${'}\n'.repeat(heads.length)}`;
      const { diagnostics } = readConfiguration([{ name: 'x', text }]);
      return diagnostics.some(({ code }) => ['CFG_VALUE', 'CFG_RANGE', 'CFG_UNKNOWN'].includes(code));
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

/** What VRRP has of keepalived's language, wherever it stands. */
const OF_VRRP = new RegExp(
  [
    '^(vrrp|bfd|track|static|garp|gna|nftables|iptables|linkbeat|interface_up)',
    '^virtual_(ipaddress|routes|rules)',
    'process|notify',
  ].join('|'),
);
/** There is nothing for them to act upon; each says by what other means it is had. */
const BY_OTHER_MEANS: ReadonlyMap<string, string> = new Map([
  ['global_defs vrrp_no_swap', 'V8 ends when its memory is locked: docs/decisions/0013-no-swap.md'],
  ['global_defs bfd_no_swap', 'the same'],
  ['global_defs process_monitor_rcv_bufs', 'there is no such socket: processes are counted in /proc'],
  ['global_defs process_monitor_rcv_bufs_force', 'the same'],
]);

describe('of VRRP', () => {
  const words = everyKeyword()
    .map(({ path, keyword }) => ({ path: path.trim(), keyword }))
    .filter(({ path }) => path.split(' ').some((word) => OF_VRRP.test(word)))
    .filter(({ path }) => !path.startsWith('director') && !path.startsWith('virtual_server'));

  test('no word is without effect', () => {
    expect(words.length).toBeGreaterThan(200);
    const idle = words.filter(({ keyword: { standing } }) => standing === 'noEffect');
    expect(idle.map(({ path }) => path)).toEqual([]);
  });

  test('what is had by other means is so for a reason', () => {
    const found = words.filter(({ keyword: { standing } }) => standing === 'otherwise');
    expect(found.map(({ path }) => path).sort()).toEqual([...BY_OTHER_MEANS.keys()].sort());
    for (const path of BY_OTHER_MEANS.keys()) {
      const text = `global_defs {\n${path.split(' ')[1]} 1\n}\n`;
      const { diagnostics } = readConfiguration([{ name: 'x', text }]);
      const [said] = diagnostics.filter(({ code }) => code === 'CFG_ELSEWHERE');
      expect(said).toMatchObject({
        severity: 'warning',
        hint: expect.stringMatching(/MemorySwapMax=0|\/proc/),
      });
    }
  });
});

test('the unit that is shipped does what vrrp_no_swap is for', () => {
  const unit = readFileSync(new URL('../../examples/systemd/lvs-director.service', import.meta.url), 'utf8');
  expect(unit).toMatch(/^MemorySwapMax=0$/m);
});

test('every diagnostic code says what it means', () => {
  for (const [code, { means }] of Object.entries(CODES)) {
    expect(code).toMatch(/^CFG_[A-Z_]+$/);
    expect(means.length).toBeGreaterThan(10);
  }
});

describe('the nearest word', () => {
  test.each<[string, string, number]>([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'abcd', 1],
    ['abc', 'xbc', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('%s to %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  test('is close enough to be meant, and the closest', () => {
    expect(nearest('priorty', ['interface', 'priority', 'preempt'])).toBe('priority');
    expect(nearest('garp_master_dely', ['garp_master_delay', 'garp_master_repeat'])).toBe(
      'garp_master_delay',
    );
    expect(nearest('STATE', ['state'])).toBe('state');
    expect(nearest('xx', ['rr', 'lc'])).toBeUndefined();
    expect(nearest('zzzzzzz', ['priority'])).toBeUndefined();
    expect(nearest('x'.repeat(1000), ['priority'])).toBeUndefined();
  });
});
