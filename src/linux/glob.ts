// File names by pattern, as glob(3) finds them: `*`, `?`, `[a-z]` and `{a,b}`. Not with node:fs's globSync:
// that has more (`**`, `{1..9}`, `+(a)`), and patterns that keep it busy for ever or make it throw.
import { readdirSync } from 'node:fs';
import { DirectorError } from '../core/errors.ts';

/** <linux/limits.h> PATH_MAX. */
const LONGEST = 4_096;
/** Braces opened and names found on the way, together. */
const MOST_STEPS = 100_000;

/** Any number of letters, or one: a letter in one of the ranges, or (`not`) in none of them. */
type Token = { kind: 'star' } | { kind: 'one'; of: readonly [string, string][]; not: boolean };
const ANY: Token = { kind: 'one', of: [], not: true };

/** Sorted. A name without a wildcard is among them whether there is such a file or not. */
export function globFiles(pattern: string): string[] {
  if (pattern.length > LONGEST) return [];
  let left = MOST_STEPS;
  const step = (count: number) => {
    left -= count;
    if (left < 0)
      throw new DirectorError('CONFIG_MISSING', `include ${pattern}: that is too much to look at`);
  };
  const found = new Set<string>();
  for (const alternative of openAll(pattern, step))
    for (const path of pathsFor(alternative, step)) found.add(path);
  return [...found].sort();
}

/** `a{b,c}d` is `abd` and `acd`. */
function openAll(pattern: string, step: (count: number) => void): string[] {
  const all = [pattern];
  const done: string[] = [];
  for (let one = all.pop(); one !== undefined; one = all.pop()) {
    const opened = openFirst(one);
    if (opened === undefined) done.push(one);
    else for (const other of opened) all.push(other);
    step(1);
  }
  return done;
}

/** Undefined when there are no braces, or they are not closed: then they stand for themselves. */
function openFirst(pattern: string): string[] | undefined {
  const start = pattern.indexOf('{');
  if (start === -1) return undefined;
  const cuts = [start];
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    if (depth === 0 || (depth === 1 && character === ',')) cuts.push(at);
    if (depth === 0) break;
  }
  if (depth > 0) return undefined;
  const before = pattern.slice(0, start);
  const after = pattern.slice(cuts.at(-1)! + 1);
  return cuts.slice(1).map((end, i) => `${before}${pattern.slice(cuts[i]! + 1, end)}${after}`);
}

function pathsFor(pattern: string, step: (count: number) => void): string[] {
  let paths = [pattern.startsWith('/') ? '/' : ''];
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    const tokens = parsePart(part);
    const name = literal(tokens);
    paths = paths.flatMap((path) => {
      const names = name === undefined ? entriesOf(path).filter((entry) => matches(entry, tokens)) : [name];
      step(names.length + 1);
      return names.map((entry) => (path === '' || path === '/' ? path + entry : `${path}/${entry}`));
    });
  }
  return paths;
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path === '' ? '.' : path);
  } catch {
    return [];
  }
}

function parsePart(part: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < part.length; at++) {
    const character = part[at]!;
    const set = character === '[' ? readSet(part, at) : undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.end;
    } else if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push(ANY);
    else {
      if (character === '\\' && at + 1 < part.length) at += 1;
      tokens.push({ kind: 'one', of: [[part[at]!, part[at]!]], not: false });
    }
  }
  return tokens;
}

/** `[a-z]`, `[!x]`, `[]]`; undefined when it is not closed, and a bracket stands for itself. */
function readSet(part: string, start: number): { token: Token; end: number } | undefined {
  const not = part[start + 1] === '!' || part[start + 1] === '^';
  const first = start + (not ? 2 : 1);
  const end = part.indexOf(']', first + 1);
  if (end === -1) return undefined;
  const of: [string, string][] = [];
  for (let at = first; at < end; at++) {
    const from = part[at]!;
    const isRange = part[at + 1] === '-' && at + 2 < end;
    of.push([from, isRange ? part[at + 2]! : from]);
    if (isRange) at += 2;
  }
  return { token: { kind: 'one', of, not }, end };
}

/** The name that is meant where nothing is left open. */
function literal(tokens: readonly Token[]): string | undefined {
  const letters = tokens.map((token) =>
    token.kind === 'one' && !token.not && token.of.length === 1 && token.of[0]![0] === token.of[0]![1]
      ? token.of[0]![0]
      : undefined,
  );
  return letters.includes(undefined) ? undefined : letters.join('');
}

/** A dot in front is only matched by a dot. A star that took too little takes one more, and only the last. */
function matches(name: string, tokens: readonly Token[]): boolean {
  if (name.startsWith('.') && (tokens[0] === undefined || !isDot(tokens[0]))) return false;
  let at = 0;
  let next = 0;
  let star: { next: number; at: number } | undefined;
  while (at < name.length) {
    const token = tokens[next];
    if (token?.kind === 'star') {
      star = { next, at };
      next += 1;
    } else if (token !== undefined && isOneOf(name[at]!, token)) {
      at += 1;
      next += 1;
    } else if (star !== undefined) {
      star.at += 1;
      at = star.at;
      next = star.next + 1;
    } else return false;
  }
  return tokens.slice(next).every(({ kind }) => kind === 'star');
}

function isOneOf(letter: string, token: Token & { kind: 'one' }): boolean {
  return token.of.some(([from, to]) => letter >= from && letter <= to) !== token.not;
}

function isDot(token: Token): boolean {
  return token.kind === 'one' && !token.not && isOneOf('.', token);
}
