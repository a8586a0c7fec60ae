// What the README shows is so: the diagnostic it quotes, and every command with its options.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { program } from '../../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-readme-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the diagnostic it quotes is the one that check prints', () => {
  const [, quoted = ''] = /```\n(director\.conf:[\s\S]*?)```/.exec(readme) ?? [];
  const file = join(directory, 'director.conf');
  const lines = [
    'vrrp_instance VI_1 {',
    '    state BACKUP',
    '    interface eth0',
    '    virtual_router_id 51',
    '    virtual_ipaddress {',
    '        10.0.0.50/24',
    '    }',
    '    advert_int 1',
    '    priorty 150',
    '}',
    '',
  ];
  writeFileSync(file, lines.join('\n'));
  const { output, exitCode } = check([[file]], { json: false, compat: false });
  expect(exitCode).toBe(4);
  expect(quoted.trim()).not.toBe('');
  expect(output.replaceAll(`${directory}/`, '')).toBe(`${quoted.trim()}\n\ndirector.conf: 1 error\n`);
});

describe('every command it names', () => {
  const known = new Map(program.commands.map((command) => [command.name(), command]));
  const named = [...readme.matchAll(/(?:lvs-director |^\| `)([a-z]+)((?: [^`|\n]*)?)[`|\n]/gm)].map(
    ([, name, rest]) => [name!, rest ?? ''] as const,
  );
  const table = named.filter(([name]) => known.has(name));

  test('is there', () => {
    const strange = named.map(([name]) => name).filter((name) => !known.has(name));
    expect(strange).toEqual([]);
    for (const name of known.keys()) expect(table.map(([word]) => word)).toContain(name);
  });

  test.each(table)('%s%s has the options it shows', (name, rest) => {
    const options = known.get(name)!.options.flatMap(({ short, long }) => [short, long]);
    const shown = rest.match(/(?<=^|[\s[])--?[a-zA-Z][\w-]*/g) ?? [];
    expect(shown.filter((option) => !options.includes(option))).toEqual([]);
  });
});
