// docs/promises.md names a test for everything that the README promises of a failover, of its figures and of
// what an operator does: no promise without a proof, no proof that is not there, no story nobody points to.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const flat = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

const readme = read('README.md');
const table = read('docs/promises.md');
const rows = [...table.matchAll(/^\| (?!the README)(.+) \| (`.+`) \|$/gm)].map(([, promise, proofs]) => ({
  promise: promise!,
  proofs: [...proofs!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!),
}));

/** From one heading to the next. */
function section(title: string): string {
  const [, text] = new RegExp(`^## ${title}\n(.*?)^## `, 'ms').exec(readme) ?? [];
  if (text === undefined) throw new Error(`the README has no section "${title}"`);
  return text;
}
function sentences(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/^[|-].*$/gm, '');
  return flat(prose).split(/(?<=[.;]) (?=[A-Za-z])/);
}

/** Words for what is told how to do, not promised. */
const INSTRUCTION = /^(`examples|Rehearse it|On each director)/;
const promises = [
  ...sentences(section('A failover in twenty lines')).filter((text) => !INSTRUCTION.test(text)),
  ...[...section('In figures').matchAll(/^\| (?!event)(?!-)(.+?) \|/gm)].map(([, event]) => event!),
  ...[...section('Configuration').matchAll(/^- (\*\*.*?)(?=^- |\n\n)/gms)].map(([, text]) => flat(text!)),
  ...flat(/^Signals: .*?\n\n/ms.exec(readme)![0]).split(/, (?=`)|\. (?=A)/),
];

describe('docs/promises.md', () => {
  test('knows every promise of the README', () => {
    expect(promises.length).toBeGreaterThan(25);
    const unproved = promises.filter((text) => !rows.some(({ promise }) => text.includes(promise)));
    expect(unproved, 'a promise needs a row with the test that proves it').toEqual([]);
  });

  test('promises nothing that the README does not', () => {
    const whole = flat(readme);
    expect(rows.map(({ promise }) => promise).filter((promise) => !whole.includes(promise))).toEqual([]);
  });

  test.each(rows.map(({ promise, proofs }) => [promise, proofs] as const))(
    '%s: its tests are there',
    (_, proofs) => {
      expect(proofs.length).toBeGreaterThan(0);
      expect(proofs.filter((file) => !file.startsWith('test/') || !existsSync(join(ROOT, file)))).toEqual([]);
    },
  );

  test('names every story', () => {
    const stories = globSync('test/stories/*.txt', { cwd: ROOT });
    expect(stories.filter((file) => !table.includes(`\`${file}\``))).toEqual([]);
  });
});
