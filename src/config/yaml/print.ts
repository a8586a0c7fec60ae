// Statements → YAML, by the schema: what statements.ts reads as the same statements. Statements of one
// keyword come together under one key, where the first of them was.
import type { Comments, Notes } from '../comments.ts';
import { indentLines, joinLines, withoutLeadingBlank } from '../print.ts';
import { quoteWords } from '../quote.ts';
import { type Block, findWord } from '../schema/block.ts';
import { type Shape, text as textShape } from '../schema/shape.ts';
import type { Body, Statement, Word } from '../tree.ts';
import { printInFlow, printText, printWord } from './scalar.ts';

/** On the line of its key or dash, or on lines of their own below. */
type Value = string | readonly string[];

const INDENT = '  ';
const NO_NOTES: Notes = { before: [] };

/** `block` is what the statements are in; nobody may be without a meaning there. */
export function printYaml(statements: readonly Statement[], block: Block, comments: Comments): string {
  return joinLines([...new Printer(comments).pairs(statements, block), ...comments.last]);
}

class Printer {
  readonly #comments: Comments;

  constructor(comments: Comments) {
    this.#comments = comments;
  }

  pairs(statements: readonly Statement[], block: Block): string[] {
    const byKey = Map.groupBy(statements, (statement) => keyOf(statement, block));
    return [...byKey].flatMap(([key, same]) => {
      const keyword = findWord(block, same[0]!.words[0].text);
      const takes = keyword?.takes ?? textShape;
      if (keyword?.block === undefined) return this.#plain(key, same, takes);
      return takes.syntax === '' || same[0]!.words[0].text !== key
        ? this.#headless(key, same, keyword.block)
        : this.#headed(key, same, keyword.block);
    });
  }

  /** Keywords without a block: a value, or a sequence of them. */
  #plain(key: string, same: readonly Statement[], takes: Shape<unknown>): string[] {
    const [first] = same as [Statement];
    const alone = same.length === 1 ? printValue(first, takes) : undefined;
    if (alone !== undefined) return this.#item(`${printText(key)}:`, alone, this.#notes(first));
    const items = same.map((statement) => {
      const value = takes.line
        ? inBrackets(statement)
        : (printValue(statement, takes) ?? inBrackets(statement));
      return { value, notes: this.#notes(statement) };
    });
    return this.#sequence(key, items);
  }

  /** Blocks without a head: a body, or a sequence of bodies. */
  #headless(key: string, same: readonly Statement[], block: Block): string[] {
    const bodies = same.map((statement) => ({
      value: this.#body(statement.body, block),
      notes: this.#notesWithEnd(statement),
    }));
    const [first] = bodies as [(typeof bodies)[0]];
    if (bodies.length === 1) return this.#item(`${printText(key)}:`, first.value, first.notes);
    return this.#sequence(key, bodies);
  }

  /** Blocks with a head: heads are keys. */
  #headed(key: string, same: readonly Statement[], block: Block): string[] {
    const runs = runsOfHeads(same);
    const [first] = same as [Statement];
    const { before } = this.#notes(first);
    // What is written above the first belongs above all of them.
    const heads = runs.map((run) => this.#head(run, block, run[0] === first));
    const isMapping = new Set(runs.map(([one]) => headOf(one!))).size === runs.length;
    const lines = isMapping ? heads.flat() : heads.flatMap((head) => dashed(head));
    return [...before, `${printText(key)}:`, ...indentLines(lines, INDENT)];
  }

  /** The same head several times in a row is a sequence of bodies. */
  #head(run: readonly Statement[], block: Block, isFirst: boolean): string[] {
    const key = headOf(run[0]!);
    const bodies = run.map((statement, i) => {
      const notes = this.#notesWithEnd(statement);
      const kept = isFirst && i === 0 ? this.#withoutBefore(statement, notes) : notes;
      return { value: this.#body(statement.body, block), notes: kept };
    });
    const [first] = bodies as [(typeof bodies)[0]];
    if (bodies.length === 1) return this.#item(`${printText(key)}:`, first.value, first.notes);
    return this.#sequence(key, bodies);
  }

  #sequence(key: string, items: readonly { value: Value; notes: Notes }[]): string[] {
    const [first] = items as [(typeof items)[0]];
    const lines = items.flatMap(({ value, notes }, i) =>
      this.#item('-', value, i === 0 ? { ...notes, before: [] } : notes),
    );
    return [...first.notes.before, `${printText(key)}:`, ...indentLines(lines, INDENT)];
  }

  #item(opening: string, value: Value, { before, trailing }: Notes): string[] {
    const comment = trailing === undefined ? '' : ` ${trailing}`;
    if (typeof value === 'string')
      return [...before, `${opening}${value === '' ? '' : ` ${value}`}${comment}`];
    const [head, ...others] = value as [string];
    if (opening === '-' && comment === '' && !head.startsWith('#'))
      return [...before, `- ${head}`, ...indentLines(others, INDENT)];
    return [...before, `${opening}${comment}`, ...indentLines(value, INDENT)];
  }

  #body(body: Body | undefined, block: Block): Value {
    const { entry } = block;
    const statements = body?.statements ?? [];
    if (statements.length === 0) return entry === undefined ? '{}' : '[]';
    const lines =
      entry === undefined
        ? this.pairs(statements, block)
        : statements.flatMap((one) => this.#item('-', printLine(one.words), this.#notes(one)));
    return withoutLeadingBlank([...lines, ...(this.#comments.ends.get(body!) ?? [])]);
  }

  #notes(statement: Statement): Notes {
    return this.#comments.of.get(statement) ?? NO_NOTES;
  }

  /** An empty body has no room for comments: they go above. */
  #notesWithEnd(statement: Statement): Notes {
    const notes = this.#notes(statement);
    const { body } = statement;
    if (body === undefined || body.statements.length > 0) return notes;
    return { ...notes, before: [...notes.before, ...(this.#comments.ends.get(body) ?? [])] };
  }

  #withoutBefore(statement: Statement, notes: Notes): Notes {
    return { ...notes, before: notes.before.slice(this.#notes(statement).before.length) };
  }
}

/** A block whose head takes nothing keeps the words that are there all the same. */
function keyOf({ words }: Statement, block: Block): string {
  const [{ text }] = words;
  const keyword = findWord(block, text);
  const hasHead = keyword?.block !== undefined && keyword.takes.syntax === '' && words.length > 1;
  return hasHead ? quoteWords(words) : text;
}

function headOf({ words }: Statement): string {
  return quoteWords(words.slice(1));
}

function runsOfHeads(statements: readonly Statement[]): Statement[][] {
  const runs: Statement[][] = [];
  for (const statement of statements) {
    const run = runs.at(-1);
    if (run !== undefined && headOf(run[0]!) === headOf(statement)) run.push(statement);
    else runs.push([statement]);
  }
  return runs;
}

/** A mapping as an item of a sequence; its comments come first. */
function dashed(lines: readonly string[]): string[] {
  const at = lines.findIndex((line) => line !== '' && !line.startsWith('#'));
  return [...lines.slice(0, at), `- ${lines[at]}`, ...indentLines(lines.slice(at + 1), INDENT)];
}

/** Undefined for what needs brackets: more words than the shape has a place for. */
function printValue({ words }: Statement, takes: Shape<unknown>): Value | undefined {
  const given = words.slice(1);
  const [first] = given;
  if (first === undefined) return takes.isBareAllowed || takes.json?.type === 'boolean' ? 'true' : '';
  if (takes.syntax === '') return undefined;
  if (takes.line) {
    if (given.length === 1) return printWord(quoteWords(given), takes);
    return takes.json === undefined
      ? printLine(given)
      : given.map(({ text }) => `- ${printWord(text, takes)}`);
  }
  if (given.length === 1) return printWord(first.text, takes);
  const { parts = [] } = takes;
  if (given.length > parts.length) return undefined;
  return given.map(({ text }, i) => `${parts[i]}: ${printText(text)}`);
}

function printLine(words: readonly Word[]): string {
  return printText(quoteWords(words));
}

function inBrackets({ words }: Statement): string {
  return `[${words
    .slice(1)
    .map(({ text }) => printInFlow(text))
    .join(', ')}]`;
}
