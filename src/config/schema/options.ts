// Named options after a positional argument: `10.0.0.1/24 dev eth0 label eth0:1`, `lvs_sync_daemon eth0 id 51
// port 8848`.
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { joinSpans, type Word } from '../tree.ts';
import { type Keyword, STANDINGS } from './block.ts';
import type { Shape, ValueOf } from './shape.ts';

export type Options = Readonly<Record<string, Keyword>>;
type OptionValues<O extends Options> = { [N in keyof O]?: Located<ValueOf<O[N]['takes']>> };

/**
 * Reads options in any order until the line ends. Options that nothing is done with are reported and skipped.
 */
export function options<O extends Options>(table: O): Shape<OptionValues<O>> & { options: O } {
  return {
    syntax: '[OPTION …]',
    options: table,
    read(words) {
      const values: Record<string, Located<unknown>> = {};
      const { subject } = words;
      for (let word = words.optional(); word !== undefined; word = words.optional()) {
        const option = Object.hasOwn(table, word.text) ? table[word.text] : undefined;
        if (option === undefined) unknownOption(words, word, table);
        else readOption(words, word, option, values);
        words.subject = subject;
      }
      return values as OptionValues<O>;
    },
  };
}

function readOption(words: Arguments, word: Word, option: Keyword, values: Record<string, Located<unknown>>) {
  const { subject } = words;
  words.subject = word.text;
  const first = words.peek();
  const value = option.takes.read(words);
  const at =
    first === undefined || words.lastTaken === word ? word.at : joinSpans(first.at, words.lastTaken.at);
  if (option.standing !== undefined) {
    const { code, says } = STANDINGS[option.standing];
    words.complain(code, word.at, `\`${word.text}\` ${says}`, option.because);
    return;
  }
  if (Object.hasOwn(values, word.text))
    words.complain(
      'CFG_REPEATED',
      word.at,
      `${word.text} is given twice for ${subject}; the last one counts`,
    );
  if (value !== undefined) values[word.text] = { value, at };
}

function unknownOption(words: Arguments, word: Word, table: Options): void {
  const close = nearest(word.text, Object.keys(table));
  const known = Object.keys(table)
    .filter((name) => table[name]!.standing === undefined)
    .join(', ');
  // What follows may be its value: without knowing the option nobody can tell.
  words.rest();
  words.complain(
    'CFG_UNKNOWN',
    word.at,
    `unknown option "${word.text}" of ${words.subject}`,
    close === undefined ? `known: ${known}` : `did you mean \`${close}\`?`,
  );
}
