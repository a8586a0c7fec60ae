// Words in a fixed order and named options after them: `10.0.0.1/24 dev eth0 label eth0:1`, `lvs_sync_daemon
// eth0 id 51 port 8848`, `"/bin/check -q" nobody`.
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { nearest } from '../nearest.ts';
import { joinSpans, type Word } from '../tree.ts';
import { type Keyword, STANDINGS } from './block.ts';
import { inParts, type Shape, type ValueOf } from './shape.ts';

export type Options = Readonly<Record<string, Keyword>>;
type OptionValues<O extends Options> = { [N in keyof O]?: Located<ValueOf<O[N]['takes']>> };
type Values = Record<string, Located<unknown>>;

/**
 * Reads options in any order until the line ends. Options that nothing is done with are reported and kept;
 * what a caller acts upon it reads by name.
 */
export function options<O extends Options>(table: O): Shape<OptionValues<O>> & { options: O } {
  const [first] = Object.entries(table);
  const example = first === undefined ? undefined : first[1].takes.example;
  return {
    syntax: '[OPTION …]',
    line: true,
    ...(example === undefined ? {} : { example: `${first![0]} ${example}`.trim() }),
    options: table,
    read(words) {
      const values: Values = {};
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

/** `parts` in their order, of which the first `needed` have to be there, then options. */
export function inOrder(
  parts: Readonly<Record<string, Shape<unknown>>>,
  needed: number,
  named?: Shape<Values> & { options: Options },
): Shape<Values> {
  const names = Object.keys(parts);
  const syntaxes = names.map((name, i) => {
    const { syntax } = parts[name]!;
    return i < needed ? syntax : `[${syntax}]`;
  });
  const examples = names.slice(0, needed).map((name) => parts[name]!.example);
  return {
    syntax: [...syntaxes, ...(named === undefined ? [] : [named.syntax])].join(' '),
    line: true,
    ...inParts(parts, needed),
    ...(examples.includes(undefined) ? {} : { example: examples.join(' ') }),
    ...(named === undefined ? {} : { options: named.options }),
    read(words) {
      const values: Values = {};
      for (const [i, name] of names.entries()) {
        const first = words.peek();
        const isOption =
          first !== undefined && named !== undefined && Object.hasOwn(named.options, first.text);
        if (i >= needed && (first === undefined || isOption)) break;
        const value = parts[name]!.read(words);
        if (value === undefined) return void words.rest();
        values[name] = { value, at: joinSpans((first ?? words.lastTaken).at, words.lastTaken.at) };
      }
      return { ...values, ...named?.read(words) };
    },
  };
}

function readOption(words: Arguments, word: Word, option: Keyword, values: Values) {
  const { subject } = words;
  words.subject = word.text;
  const first = words.peek();
  const value = option.takes.read(words);
  const at =
    first === undefined || words.lastTaken === word ? word.at : joinSpans(first.at, words.lastTaken.at);
  if (option.standing !== undefined) {
    const { code, says } = STANDINGS[option.standing];
    words.complain(code, word.at, `\`${word.text}\` ${says}`, option.because);
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
  const known = Object.keys(table).join(', ');
  // What follows may be its value: without knowing the option nobody can tell.
  words.rest();
  words.complain(
    'CFG_UNKNOWN',
    word.at,
    `unknown option "${word.text}" of ${words.subject}`,
    close === undefined ? `known: ${known}` : `did you mean \`${close}\`?`,
  );
}
