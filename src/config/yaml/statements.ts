// YAML nodes + schema → the statements that parser.ts makes of keepalived's form. The schema's shapes tell
// how a value becomes words; what the words mean, and what is wrong with them, is settings.ts's business for
// both forms. docs/yaml.md has the rules for people.
import type { Span } from '../../core/diagnostic.ts';
import type { Code } from '../codes.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';
import { type Block, findWord, type Keyword } from '../schema/block.ts';
import type { Shape } from '../schema/shape.ts';
import type { Statement, Word } from '../tree.ts';
import { Mappings } from './mappings.ts';
import type { YamlMapping, YamlNode, YamlPair, YamlScalar } from './nodes.ts';
import type { WordReader } from './words.ts';

type Words = readonly [Word, ...Word[]];

export class StatementReader {
  readonly #report: Report;
  readonly #words: WordReader;
  readonly #mappings: Mappings;
  /** Of the statement that is being read: one mistake in it is enough to say. */
  #isWrong = false;

  /** `most`: more nodes than that come from aliases of aliases that nobody meant. */
  constructor(words: WordReader, most: number, report: Report) {
    this.#report = report;
    this.#words = words;
    this.#mappings = new Mappings(most, report);
  }

  /** The pairs of a document or a body, merged: each is statements of one keyword. */
  pairs(document: YamlNode, block: Block): readonly YamlPair[] {
    if (document.kind === 'mapping') return this.#mappings.pairs(document);
    if (isNothing(document)) return [];
    const isOtherForm = document.kind === 'scalar' && document.text.includes('{');
    const hint = isOtherForm ? "keepalived's form is read from files of any other name" : undefined;
    this.#wrong(document, block.name, 'mapping of keywords to their values', hint);
    return [];
  }

  /** What a key and its value say in `block`. */
  statements({ key, value }: YamlPair, block: Block): Statement[] {
    const word = this.#key(key);
    if (word === undefined) return [];
    const keyword = findWord(block, word.text);
    if (keyword?.block !== undefined) {
      if (keyword.takes.syntax === '') return this.#blocks([word], keyword.block, value);
      return this.#headed(word, keyword, keyword.block, value);
    }
    if (keyword !== undefined) return this.#plain(word, keyword, value);
    // `vrrp_instance VI_1:` says it all in the key.
    const words = this.#words.line(key as YamlScalar);
    const inner = words.length < 2 ? undefined : findWord(block, words[0]!.text)?.block;
    if (inner !== undefined) return this.#blocks(words as [Word, ...Word[]], inner, value);
    return [{ words: [word] }];
  }

  #key(key: YamlNode): Word | undefined {
    if (key.kind === 'scalar' && !(key.means === null && key.text === '')) return this.#words.one(key);
    this.#report.add('CFG_YAML', key.at, 'a key is a word or a line of words');
    return undefined;
  }

  /** A keyword that opens no block. */
  #plain(word: Word, { takes }: Keyword, value: YamlNode): Statement[] {
    if (value.kind !== 'sequence') return this.#single(word, takes, value);
    const { items } = value;
    if (takes.line && items.length > 0 && items.every(({ kind }) => kind === 'scalar'))
      return [{ words: [word, ...this.#each(items, word.text)] }];
    return items.flatMap((item) =>
      this.#mappings.enter(item) ? this.#single({ ...word, at: startOf(item) }, takes, item) : [],
    );
  }

  #single(word: Word, takes: Shape<unknown>, value: YamlNode): Statement[] {
    const isOuterWrong = this.#isWrong;
    this.#isWrong = false;
    const statements = this.#value(word, takes, value);
    const found: Statement[] = this.#isWrong ? [{ words: [word], isWrong: true }] : statements;
    this.#isWrong ||= isOuterWrong;
    return found;
  }

  /** One statement, or none for `false`. */
  #value(word: Word, takes: Shape<unknown>, value: YamlNode): Statement[] {
    if (value.kind === 'sequence') return [{ words: [word, ...this.#each(value.items, word.text)] }];
    if (value.kind === 'mapping') {
      if (takes.parts !== undefined || takes.options !== undefined)
        return [{ words: [word, ...this.#parts(value, takes, word.text)] }];
      this.#wrong(value, word.text, takes.syntax || 'true or false');
      return [];
    }
    const { means } = value;
    const isFlag = takes.syntax === '' || takes.isBareAllowed;
    if (isFlag && means === false) return [];
    if (means === null || (isFlag && means === true)) return [{ words: [word] }];
    if (takes.syntax === '') {
      this.#complain('CFG_VALUE', value.at, `${word.text} takes true or false, not "${value.text}"`);
      return [];
    }
    return [{ words: [word, ...(takes.line ? this.#words.line(value) : [this.#words.one(value)])] }];
  }

  /** A sequence that is the words of one statement. */
  #each(items: readonly YamlNode[], subject: string): Word[] {
    return items.flatMap((item) => {
      if (!this.#mappings.enter(item)) return [];
      if (item.kind === 'scalar') return [this.#words.one(item)];
      this.#wrong(item, subject, 'single words in this sequence');
      return [];
    });
  }

  /** Words by name: the parts in their order, then options in the order given. */
  #parts(mapping: YamlMapping, takes: Shape<unknown>, subject: string): Word[] {
    const names = takes.parts ?? [];
    const pairs = this.#mappings.pairs(mapping).map(({ key, value }) => ({ key: this.#key(key), value }));
    const given = names.map((name) => pairs.find(({ key }) => key?.text === name)?.value);
    const missing = given.findLastIndex((part) => part !== undefined);
    const gap = given.findIndex((part, i) => part === undefined && i < missing);
    if (gap !== -1) this.#complain('CFG_MISSING', startOf(mapping), `${subject} needs \`${names[gap]}\``);
    const options = pairs.filter(({ key }) => key !== undefined && !names.includes(key.text));
    return [
      ...given.flatMap((part) => (part === undefined ? [] : this.#each([part], subject))),
      ...options.flatMap(({ key, value }) => this.#option(key!, value, takes, subject)),
    ];
  }

  #option(key: Word, value: YamlNode, { parts = [], options = {} }: Shape<unknown>, subject: string): Word[] {
    const option = Object.hasOwn(options, key.text) ? options[key.text] : undefined;
    if (option !== undefined) return this.#plain(key, option, value).flatMap(({ words }) => words);
    const known = [...parts, ...Object.keys(options)];
    const close = nearest(key.text, known);
    const hint = close === undefined ? `known: ${known.join(', ')}` : `did you mean \`${close}\`?`;
    // As lenient as with an unknown option of a line: what is known still holds.
    this.#isWrong ||= !this.#report.compat;
    this.#report.add('CFG_UNKNOWN', key.at, `unknown key "${key.text}" of ${subject}`, hint);
    return [];
  }

  /** A block with a head: heads are keys, bodies are values. */
  #headed(word: Word, keyword: Keyword, block: Block, value: YamlNode): Statement[] {
    if (!this.#mappings.enter(value) || isNothing(value)) return [];
    if (value.kind === 'sequence')
      return value.items.flatMap((item) => this.#headed(word, keyword, block, item));
    if (value.kind === 'scalar') {
      const head = keyword.takes.syntax;
      const hint = `\`${word.text}:\`, then \`${head}:\` as a key of its own, then the settings`;
      this.#wrong(value, word.text, `mapping of ${head} to settings`, hint);
      return [{ words: [word], isWrong: true }];
    }
    return this.#mappings.pairs(value).flatMap(({ key, value: body }) => {
      if (this.#key(key) === undefined) return [];
      const head = this.#words.line(key as YamlScalar);
      // The keyword itself may be pages away: complaints about it belong to this head.
      return this.#blocks([{ ...word, at: key.at }, ...head], block, body);
    });
  }

  /** One block, or as many as the sequence has; none for `false`. */
  #blocks(words: Words, block: Block, value: YamlNode): Statement[] {
    if (!this.#mappings.enter(value)) return [];
    if (value.kind === 'scalar' && value.means === false) return [];
    const { kind } = value;
    const inner = block.entry === undefined ? 'mapping' : 'sequence';
    if (kind === 'sequence' && value.items.length > 0 && value.items.every((item) => item.kind === inner)) {
      const [word, ...head] = words;
      return value.items.flatMap((item) =>
        this.#blocks([{ ...word, at: startOf(item) }, ...head], block, item),
      );
    }
    const isEmpty = isNothing(value) || (kind === 'scalar' && value.means === true);
    if (!isEmpty && block.entry === undefined && kind !== 'mapping') {
      this.#wrong(value, words[0].text, 'mapping of keywords to their values');
      return [{ words, isWrong: true }];
    }
    return [{ words, body: { open: value.at, statements: isEmpty ? [] : this.#body(block, value) } }];
  }

  #body(block: Block, value: YamlNode): Statement[] {
    const { entry: takes } = block;
    if (takes !== undefined) {
      const entries = value.kind === 'sequence' ? value.items : [value];
      return entries.flatMap((entry) => this.#entry(entry, block, takes));
    }
    return this.pairs(value, block).flatMap((pair) => this.statements(pair, block));
  }

  #entry(entry: YamlNode, block: Block, takes: Shape<unknown>): Statement[] {
    if (!this.#mappings.enter(entry)) return [];
    const isMapped = entry.kind === 'mapping' && (takes.parts !== undefined || takes.options !== undefined);
    if (entry.kind !== 'scalar' && !isMapped) {
      this.#wrong(entry, `an entry of ${block.name}`, takes.syntax);
      return [wrongEntry(entry)];
    }
    const words = entry.kind === 'mapping' ? this.#parts(entry, takes, block.name) : this.#words.line(entry);
    if (words.length > 0) return [{ words: words as [Word, ...Word[]] }];
    if (entry.kind === 'mapping' && entry.pairs.length > 0) return [wrongEntry(entry)];
    this.#report.add('CFG_MISSING', entry.at, `an entry of ${block.name} is empty`);
    return [wrongEntry(entry)];
  }

  #wrong(node: YamlNode, subject: string, what: string, hint?: string): void {
    const article = /^(mapping|sequence)/.test(what) ? 'a ' : '';
    const message = `${subject} takes ${article}${what}, not ${kindOf(node)}`;
    this.#complain('CFG_YAML', node.kind === 'scalar' ? node.at : startOf(node), message, hint);
  }

  #complain(code: Code, at: Span, message: string, hint?: string): void {
    this.#isWrong = true;
    this.#report.add(code, at, message, hint);
  }
}

function wrongEntry({ at }: YamlNode): Statement {
  return { words: [{ text: '', quoted: false, at }], isWrong: true };
}

function isNothing(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.means === null;
}

function kindOf(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  return node.text.length > 60 ? `"${node.text.slice(0, 60)}…"` : `"${node.text}"`;
}

/** Of a collection its first line would be too much: its first item, down to something that can be shown. */
function startOf(node: YamlNode): Span {
  if (node.kind === 'scalar') return node.at;
  const first = node.kind === 'mapping' ? node.pairs[0]?.key : node.items[0];
  return first === undefined ? node.at : startOf(first);
}
