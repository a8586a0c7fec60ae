// Statements + schema → settings: every value read by its shape and kept with its place. What the settings
// mean together is src/config/compose's business, whether they make sense src/config/rules's.
import type { Located, Span } from '../core/diagnostic.ts';
import { Arguments } from './arguments.ts';
import { nearest } from './nearest.ts';
import type { Report } from './report.ts';
import { type Block, findWord, type Keyword, knownWords, type Settled, STANDINGS } from './schema/block.ts';
import { foreignHint } from './schema/foreign.ts';
import { readEntryLeniently, readLeniently } from './schema/lenient.ts';
import type { ValueOf } from './schema/shape.ts';
import { TOP } from './schema/top.ts';
import { whereKnown } from './schema/where.ts';
import { headSpan, joinSpans, type Statement, type Word } from './tree.ts';

/** A value and the words it was read from; with a block, what is in it. */
export type Setting<K extends Keyword = Keyword> = Located<ValueOf<K['takes']>> &
  (K extends { block: infer B extends Block } ? { body: Settings<B> } : unknown);
export type Settings<B extends Block = Block> = {
  /** What they are settings of; carries the defaults. */
  block: B;
  /** The head of the block: where a default is said to come from. */
  at: Span;
  values: { readonly [N in keyof B['keywords']]?: readonly Setting<B['keywords'][N]>[] };
  /** Keywords or entries that are there with a wrong value: nobody should say that they are missing. */
  wrong: readonly string[];
  entries: readonly (B extends Block<infer _K, infer E> ? Located<E> : never)[];
};

type Growing = {
  block: Block;
  values: Record<string, Setting[]>;
  wrong: string[];
  entries: Located<unknown>[];
};

/** Large files of garbage would else spend their time on suggestions that nobody reads. */
const MOST_SUGGESTIONS = 200;

export class Interpreter {
  readonly #report: Report;
  readonly #isYaml: boolean;
  #suggestions = 0;

  /** `isYaml`: what the statements were written in, for the hints. */
  constructor(report: Report, isYaml = false) {
    this.#report = report;
    this.#isYaml = isYaml;
  }

  /** `at` is the head of the block. */
  read<B extends Block>(statements: readonly Statement[], block: B, at: Span): Settings<B> {
    const settings = noSettings(block, at);
    for (const statement of statements) this.readInto(settings, statement);
    return settings;
  }

  /** Untyped inside: the caller knows which block it asked for. */
  readInto<B extends Block>(settings: Settings<B>, statement: Statement): void {
    const growing = settings as unknown as Growing;
    if (statement.isWrong) growing.wrong.push(statement.words[0].text);
    else if (growing.block.entry !== undefined) this.#readEntry(statement, growing);
    else this.#readKeyword(statement, growing);
  }

  #readEntry(statement: Statement, settings: Growing): void {
    const { block, entries } = settings;
    const { words, body } = statement;
    if (body !== undefined) {
      this.#report.add('CFG_BRACE', body.open, `an entry of ${block.name} opens no block`);
      settings.wrong.push(words[0].text);
      return;
    }
    const line = new Arguments(words, 0, block.name, this.#report);
    const value =
      block.entry!.read(line) ?? this.#lenient(() => readEntryLeniently(words, block.name, block.entry!));
    this.#reportExtra(line, block);
    if (value === undefined) settings.wrong.push(words[0].text);
    else entries.push({ value, at: headSpan(statement) });
  }

  #readKeyword(statement: Statement, settings: Growing): void {
    const { block, values } = settings;
    const [word, first] = statement.words;
    const keyword = findWord(block, word.text);
    if (keyword === undefined) return this.#unknown(statement, block);
    if (keyword.takes.isSecret) this.#hide(statement);
    const line = new Arguments(statement.words, 1, word.text, this.#report, keyword.advice);
    const value =
      keyword.takes.read(line) ??
      this.#lenient(() => readLeniently(statement.words, block.name, keyword.takes));
    if (value !== undefined) this.#reportExtra(line, block, keyword.takes.isSecret);
    if (keyword.standing !== undefined) this.#reportStanding(word, keyword, value);
    const body = this.#readBody(statement, keyword);
    if (value === undefined || (keyword.block !== undefined && body === undefined)) {
      settings.wrong.push(word.text);
      return;
    }
    const at = first === undefined ? word.at : joinSpans(first.at, line.lastTaken.at);
    const setting = keyword.block === undefined ? { value, at } : { value, at, body };
    const same = Object.hasOwn(values, word.text) ? values[word.text] : undefined;
    if (same === undefined) {
      // Not a push onto an empty array, which makes room for 17: most keywords are given once.
      values[word.text] = [setting];
      return;
    }
    if (keyword.once)
      return this.#report.add(
        'CFG_DUPLICATE',
        word.at,
        `there is a ${word.text} already: this one is left out`,
      );
    if (keyword.many === undefined)
      this.#report.add('CFG_REPEATED', word.at, `${word.text} is given twice; the last one counts`);
    same.push(setting);
  }

  #hide({ words }: Pick<Statement, 'words'>): void {
    for (const { at } of words.slice(1)) this.#report.secrets.push(at);
  }

  #lenient<T>(read: () => T | undefined): T | undefined {
    return this.#report.compat ? read() : undefined;
  }

  /**
   * A block whose head is wrong, or that is left out, is still read: its own mistakes are worth knowing. That
   * nothing is done with it has been said for the block as a whole.
   */
  #readBody(statement: Statement, { block, standing }: Keyword): Settings | undefined {
    const { words, body } = statement;
    if (block === undefined) {
      if (body !== undefined)
        this.#report.add(
          'CFG_BRACE',
          body.open,
          `${words[0].text} opens no block`,
          'what it encloses is left out',
        );
      return undefined;
    }
    if (body === undefined) {
      this.#report.add('CFG_BRACE', headSpan(statement), `${words[0].text} needs a block`, 'add `{ … }`');
      return undefined;
    }
    const before = this.#report.quiet;
    this.#report.quiet ||= standing !== undefined;
    const settings = this.read(body.statements, block, headSpan(statement));
    this.#report.quiet = before;
    return settings;
  }

  #reportStanding(word: Word, { standing, normal, because, doc }: Keyword, value: unknown): void {
    if (normal !== undefined && value === normal) return;
    const { code, says } = STANDINGS[standing!];
    this.#report.add(code, word.at, `\`${word.text}\` ${says}`, because ?? doc);
  }

  /** The best hint there is: another language's comment, the right block, or the nearest word. */
  #unknown({ words }: Statement, block: Block): void {
    const [word] = words;
    // It may be the misspelt name of a secret.
    if (hasSecrets(block)) this.#hide({ words });
    // Said of a placeholder already.
    if (word.text.startsWith('{{')) return;
    const elsewhere = whereKnown(word.text);
    let hint = foreignHint(word.text);
    if (hint !== undefined) hint = `it is ${hint}`;
    else if (/^\/[/*]/.test(word.text)) hint = 'comments begin with # or !';
    else if (elsewhere !== undefined) hint = `\`${word.text}\` belongs in ${elsewhere}`;
    else if (this.#suggestions < MOST_SUGGESTIONS) {
      this.#suggestions += 1;
      const close = nearest(word.text, knownWords(block).keys());
      if (close !== undefined) hint = `did you mean \`${close}\`?`;
    }
    const shown = word.text.length > 60 ? `${word.text.slice(0, 60)}…` : word.text;
    this.#report.add('CFG_UNKNOWN', word.at, `unknown word "${shown}" ${inBlock(block)}`, hint);
  }

  #reportExtra(line: Arguments, block: Block, isSecret?: true): void {
    const [first, ...others] = line.rest();
    if (first === undefined) return;
    const at = joinSpans(first.at, (others.at(-1) ?? first).at);
    const isKeyword = block.entry === undefined && findWord(block, first.text) !== undefined;
    const where = isSecret ? 'this' : `"${first.text}"`;
    const alone = this.#isYaml
      ? `give \`${first.text}\` a key of its own`
      : `put \`${first.text}\` on a line of its own`;
    const rest = this.#isYaml ? 'rest' : 'rest of the line';
    this.#report.add(
      'CFG_EXTRA',
      at,
      `${line.subject} is complete before ${where}: the ${rest} is left out`,
      isKeyword ? alone : undefined,
    );
  }
}

function hasSecrets(block: Block): boolean {
  return block !== TOP && [...knownWords(block).values()].some(({ takes }) => takes.isSecret);
}

function inBlock(block: Block): string {
  return block === TOP ? 'at the top level' : `in ${block.name}`;
}

/** The last one counts, as in keepalived. */
export function last<B extends Block, N extends keyof B['keywords']>(
  settings: Settings<B>,
  name: N,
): Located<ValueOf<B['keywords'][N]['takes']>> | undefined {
  return settings.values[name]?.at(-1);
}

export function all<B extends Block, N extends keyof B['keywords']>(
  settings: Settings<B>,
  name: N,
): readonly Setting<B['keywords'][N]>[] {
  return settings.values[name] ?? [];
}

/** True when the keyword is there, be its value right or wrong. */
export function mentioned<B extends Block>(
  settings: Settings<B>,
  name: keyof B['keywords'] & string,
): boolean {
  return settings.values[name] !== undefined || settings.wrong.includes(name);
}

type SettledNames<B extends Block> = {
  [N in keyof B['keywords']]: B['keywords'][N] extends Settled<unknown> ? N : never;
}[keyof B['keywords']];

/** The value, or the schema's default at the head of the block. */
export function settled<B extends Block, N extends SettledNames<B>>(
  settings: Settings<B>,
  name: N,
): Located<ValueOf<B['keywords'][N]['takes']>> {
  const keywords: Readonly<Record<PropertyKey, Keyword>> = settings.block.keywords;
  const value = keywords[name]!.default as ValueOf<B['keywords'][N]['takes']>;
  return last(settings, name) ?? { value, at: settings.at };
}

/** Of a block that is not in the file. */
export function noSettings<B extends Block>(block: B, at: Span): Settings<B> {
  return { block, at, values: {}, wrong: [], entries: [] };
}
