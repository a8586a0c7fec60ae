// What is said of a word: every place, what is taken there, what becomes of it; and examples that are true.
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/config/explain.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { EXAMPLES } from '../../src/config/schema/examples.ts';
import { TOP } from '../../src/config/schema/top.ts';
import { places } from '../../src/config/schema/walk.ts';

/** Complaints about how a text is written, not about what it means or what else a block needs. */
const FORM = /^CFG_(BRACE|QUOTE|CHARACTER|UNKNOWN|VALUE|RANGE|EXTRA|DEPRECATED)$/;

function formErrors(text: string, word?: string): string[] {
  const { diagnostics } = readConfiguration([{ name: 'x', text }]);
  return diagnostics
    .filter(({ code, message }) => FORM.test(code) || (word && message.startsWith(`${word} needs `)))
    .map(({ code, message }) => `${code} ${message}`);
}

describe('examples are read without complaint', () => {
  test.each(EXAMPLES)('worked: $path', ({ conf }) => expect(formErrors(conf)).toEqual([]));

  const heads: Record<string, string> = { virtual_server: '10.0.0.1 80', real_server: '10.0.0.2 80' };
  const all = places(TOP).flatMap(({ word, path }) =>
    explain(word)
      .explanations.filter(({ kind, example, in: where }) => {
        const here = path.length === 0 ? 'the top level' : path.join(' > ');
        return kind !== 'option' && where.includes(here) && !example?.includes('…');
      })
      .flatMap(({ example }) => (example === undefined ? [] : [{ word, path, example }])),
  );

  test('lines of every keyword', () => {
    expect(all.length).toBeGreaterThan(350);
    const wrong = all.flatMap(({ word, path, example }) => {
      if (EXAMPLES.some(({ conf }) => conf === example)) return [];
      const open = path.map((word) => `${word} ${heads[word] ?? ''} {\n`).join('');
      const text = `${open}${example}\n${'}\n'.repeat(path.length)}`;
      return formErrors(text, word).map((complaint) => `${text}${complaint}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe('a word', () => {
  test('has its range, its default in the unit of the file, and advice', () => {
    expect(explain('advert_int').explanations).toEqual([
      {
        kind: 'keyword',
        in: ['vrrp_instance'],
        takes: 'SECONDS, 0.01 to 255',
        is: expect.stringContaining('time between adverts'),
        default: 1,
        advice: expect.stringContaining('hundredths'),
        standing: 'acted upon',
        example: 'advert_int 1',
      },
    ]);
  });

  test('that is the same in several places is said once', () => {
    const [own, ...others] = explain('connect_ip').explanations;
    expect(own!.in).toEqual(['virtual_server > real_server > TCP_CHECK']);
    expect(others).toHaveLength(1);
    expect(others[0]!.in).toContain('virtual_server > real_server > SMTP_CHECK > host');
  });

  test('that is refused says why', () => {
    const [one] = explain('net_namespace').explanations;
    expect(one).toMatchObject({ standing: expect.stringContaining('refused (CFG_UNSAFE)') });
  });

  test('that opens a block names what is in it', () => {
    const [one] = explain('virtual_ipaddress').explanations;
    expect(one!.entries).toMatchObject({ takes: 'IPADDR[/LENGTH] [OPTION …]' });
    const option = { name: 'use_vmac', takes: '', is: expect.any(String) };
    expect(one!.entries!.options).toContainEqual(option);
    const [fixed] = explain('static_ipaddress').explanations;
    expect(fixed!.entries!.options).toContainEqual({ ...option, notYet: 'left out' });
    expect(explain('virtual_server').explanations[0]!.words!.actedUpon).toContain('real_server');
  });

  test('that is an option is found, and left out with its block', () => {
    const found = explain('dev').explanations.map(({ in: where, standing }) => [where[0], standing]);
    expect(found[0]).toEqual(['vrrp_instance > virtual_ipaddress', 'acted upon']);
    const routing = found.filter(([where]) => /_r(outes|ules)/.test(where!));
    expect(routing.map(([, standing]) => standing)).toEqual(['acted upon', 'acted upon']);
    const [parts] = explain('ca').explanations;
    expect([parts!.in, parts!.standing]).toEqual([['SSL'], expect.stringContaining('left out')]);
  });

  test('may be the code of a diagnostic, or include', () => {
    expect(explain('CFG_RANGE').code).toMatchObject({ severity: 'error' });
    expect(explain('include').explanations[0]).toMatchObject({ in: ['every block'] });
  });
});
