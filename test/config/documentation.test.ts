// docs/configuration.md and the manual pages are made from the schema; this keeps them equal, and the schema
// the only list of keywords.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { TOP } from '../../src/config/schema/top.ts';
import { places } from '../../src/config/schema/walk.ts';
import { renderReference } from '../../tools/configuration.ts';
import { PAGES } from '../../tools/man.ts';

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const reference = read('docs/configuration.md');

describe('docs/configuration.md', () => {
  test('is what the schema says: otherwise run `npm run fix`', () => {
    expect(reference).toBe(renderReference());
  });

  test('shows what people look for', () => {
    expect(reference).toContain('| `priority` | `1 to 255` |  | the highest wins the election');
    expect(reference).toContain('| `advert_int` | `SECONDS, 0.01 to 255` | `1 s` |');
    expect(reference).toContain('| `label` | `TEXT` |  | alias name');
    expect(reference).toContain('| `linkbeat_interfaces` | `{ INTERFACE [MII\\|ETHTOOL\\|IOCTL] … }` |');
    expect(reference).toContain('| `snmp_socket` | `TEXT` | left out |');
    expect(reference).toContain('| `CFG_UNKNOWN` | error | ignored |');
    expect(reference).toContain('yaml-language-server: $schema=');
  });

  test('links to headings that exist', () => {
    const anchor = (title: string) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-');
    const headings = new Set([...reference.matchAll(/^##+ (.+)$/gm)].map(([, title]) => anchor(title!)));
    const links = [...reference.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(60);
    expect(links.filter((target) => !headings.has(target))).toEqual([]);
  });

  test('has every word', () => {
    const missing = places(TOP).filter(({ word }) => !reference.includes(`\`${word}\``));
    expect(missing.map(({ word }) => word)).toEqual([]);
  });
});

describe.each(Object.entries(PAGES))('man/%s', (name, render) => {
  const page = render();

  test('is what its sources say: otherwise run `npm run fix`', () => {
    expect(read(`man/${name}`)).toBe(page);
  });

  test('is sound roff', () => {
    const known = /^\.(\\"|TH|SH|SS|TP|PP|RS|RE|nf|fi|br|nh|ad|B|I|BI|BR|RB|RI|IR)( |$)/;
    const lines = page.split('\n').filter((line) => /^[.']/.test(line));
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
    const count = (macro: string) => lines.filter((line) => line === macro).length;
    expect(count('.RS')).toBe(count('.RE'));
    expect(count('.nf')).toBe(count('.fi'));
    // groff has the last word where there is one.
    if (!existsSync('/usr/bin/groff')) return;
    const { stderr } = spawnSync('groff', ['-man', '-ww', '-z', '-Kutf8', '-Tutf8'], {
      input: page,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
  });
});

test('the manual has every word, command and option', () => {
  const words = PAGES['lvs-director.conf.5']().replaceAll('\\', '');
  const missing = places(TOP).filter(({ word }) => !words.includes(`fB${word}fP`));
  expect(
    missing.map(({ word, path }) => [...path, word].join(' ')).filter((at) => !/_CHECK|_GET/.test(at)),
  ).toEqual([]);
  const commands = PAGES['lvs-director.8']().replaceAll('\\', '');
  for (const command of program.commands) {
    expect(commands).toContain(`.SS ${command.name()}`);
    expect(commands).toContain(`.B lvs-director ${command.name()}\n`);
    for (const { short, long } of command.options) expect(commands).toContain(`fB${long ?? short}fP`);
  }
});

/** It names the fields of a plan as the file does; they are none of the language's business. */
const NAMES_PLANS = 'src/director/difference-text.ts';

test('there is no second list of keywords', () => {
  // Messages and typed look-ups may name a few; whoever names many keeps a list.
  const most = 8;
  const keywords = new Set(
    places(TOP)
      .map(({ word }) => word)
      .filter((word) => word.includes('_')),
  );
  expect(keywords).toContain('garp_master_refresh_repeat');
  const lists = globSync('{src,tools,bin}/**/*')
    .filter((file) => /\.(ts|mjs|js|json|sh)$/.test(file) && !/^src\/config\/(schema|compose)\//.test(file))
    .map((file) => {
      const code = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
      return { file, named: new Set(code.match(/[\w-]+/g)?.filter((word) => keywords.has(word))) };
    })
    .filter(({ named }) => named.size > most);
  expect(lists.map(({ file }) => file)).toEqual([NAMES_PLANS]);
});

test('a plan’s fields are named by words that the schema knows', () => {
  const known = new Set(places(TOP).map(({ word }) => word));
  const names = readFileSync(NAMES_PLANS, 'utf8').matchAll(/^ {2}\w+: '([a-z]+(?:_[a-z0-9]+)+)',$/gm);
  const named = [...names].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
