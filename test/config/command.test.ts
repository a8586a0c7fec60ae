// Commands as keepalived 2.2.7 takes them apart: each row is what a script that prints its arguments printed
// when keepalived ran it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandWords } from '../../src/config/command.ts';

const MEASURED: readonly [string, readonly string[]][] = [
  [String.raw`1 'a b'`, ['1', 'a b']],
  [String.raw`2 \"c d\"`, ['2', 'c d']],
  [String.raw`3 e\ f`, ['3', 'e', 'f']],
  [String.raw`4 a'b c'd`, ['4', 'ab cd']],
  [String.raw`5 '' x`, ['5', '', 'x']],
  [String.raw`6 \x41\101\t|`, ['6', 'AA', '|']],
  [String.raw`7 'a\nb' 'q\'r'`, ['7', 'a\nb', 'qr']],
  [String.raw`8 \\ \\\\ z`, ['8', ' \\', 'z']],
  [String.raw`9 a\\'b`, ['9', "a'b"]],
  [String.raw`10 $HOME *.sh ;ls`, ['10', '$HOME', '*.sh', ';ls']],
  ['11   many    blanks  ', ['11', 'many', 'blanks']],
  [String.raw`12 \"a 'b' c\" 'd \"e\" f'`, ['12', "a 'b' c", 'd "e" f']],
];

test.each(MEASURED)('%s', (command, words) => expect(commandWords(command)).toEqual(words));

test('arguments without anything special come back as they were', () => {
  const plain = fc.array(fc.stringMatching(/^[^\s'"\\]+$/), { minLength: 1 });
  fc.assert(
    fc.property(plain, (words) => {
      expect(commandWords(words.join(' '))).toEqual(words);
    }),
  );
});

test.each([
  ["'/opt/my check' -q", '/opt/my check'],
  [String.raw`/opt/my\\ check -q`, '/opt/my check'],
])('the program of %s is %s', (command, program) => expect(commandWords(command)[0]).toBe(program));

test('nothing is no program', () => expect(commandWords('  ')).toEqual([]));
