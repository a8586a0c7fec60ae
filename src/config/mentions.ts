// What settings mention beside what is made of them: names that stand for a block somewhere else in the file,
// and programs that are to be run. Collected while settings are there, judged when the whole file is known.
import type { Located, Span } from '../core/diagnostic.ts';
import { commandWords } from './command.ts';
import { type Block, type Keyword, knownWords } from './schema/block.ts';
import type { Settings } from './settings.ts';

/** `from`: the block that names it. `to`: words that open blocks, one of which has that name. */
export type Reference = { name: string; at: Span; to: readonly string[]; from: string };
export type MentionedScript = {
  program: string;
  /** Undefined = nobody said here. */
  user: string | undefined;
  at: Span;
};

type Values = Readonly<Record<string, readonly (Located<unknown> & { body?: Settings })[]>>;

export class Mentions {
  readonly references: Reference[] = [];
  readonly scripts: MentionedScript[] = [];

  add({ block, values, entries }: Settings): void {
    const to = (block as Block).entry?.refersTo;
    if (to !== undefined)
      for (const entry of entries as readonly Located<unknown>[]) this.#named(entry, to, block.name);
    const words = knownWords(block as Block);
    for (const [word, settings] of Object.entries(values as Values)) {
      const takes = words.get(word)?.takes;
      for (const setting of settings) {
        if (takes !== undefined) this.#one(setting, takes, block.name);
        if (setting.body !== undefined) this.add(setting.body);
      }
    }
  }

  #one(setting: Located<unknown>, { refersTo, isScript }: Keyword['takes'], from: string): void {
    if (refersTo !== undefined) this.#named(setting, refersTo, from);
    const command = isScript ? textOf(setting.value, 'command') : undefined;
    if (command === undefined) return;
    const [program = ''] = commandWords(command.value);
    this.scripts.push({ program, user: userOf(setting.value), at: command.at });
  }

  /** A value is the name itself, or has it as its `name`, `group` or `track_group`. */
  #named({ value, at }: Located<unknown>, to: readonly string[], from: string): void {
    if (isText(value)) {
      this.references.push({ name: value, at, to, from });
      return;
    }
    const { name, group, track_group } = value as Readonly<Record<string, Located<unknown> | undefined>>;
    const found = name ?? group ?? track_group;
    if (found !== undefined && isText(found.value))
      this.references.push({ name: found.value, at: found.at, to, from });
  }
}

/** Who a program runs as. A leading colon only asks for supplementary groups. */
export function userOf(value: unknown): string | undefined {
  return textOf(value, 'user')?.value.replace(/^:/, '');
}

function textOf(value: unknown, part: string): Located<string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, Located<string>>>)[part];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
