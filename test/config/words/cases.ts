// For every word of the schema the lines worth asking about: alone, as in its example, at both ends of its
// range and one beyond, each of its words and one that is none. Made from the schema: no list of its own.
import type { Keyword } from '../../../src/config/schema/block.ts';
import type { Json, Shape } from '../../../src/config/schema/shape.ts';
import { TOP } from '../../../src/config/schema/top.ts';
import { type Place, places } from '../../../src/config/schema/walk.ts';
import { surround } from './surroundings.ts';

export type Case = { path: string; word: string; line: string; text: string };

export function cases(): Case[] {
  return places(TOP).flatMap((place) => {
    const { word, keyword, path } = place;
    if (path[0] === 'director' || word === 'director') return [];
    if (keyword.block !== undefined) return entriesOf(place);
    return [...valuesOf(keyword)].flatMap((value) => {
      const line = value === '' ? word : `${word} ${value}`;
      const text = surround(path, line);
      return text === undefined ? [] : [{ path: path.join('/'), word, line, text }];
    });
  });
}

/** Of a list (of twins only one): its example alone, with each option, and with a word that is none. */
function entriesOf({ word, keyword: { block, takes }, path }: Place): Case[] {
  const entry = block?.entry;
  const isTwin = word.endsWith('_excluded') || word === 'static_routes' || word === 'static_rules';
  if (entry?.example === undefined || entry.refersTo !== undefined || isTwin) return [];
  const head = takes.example === undefined && takes.syntax !== '' ? `${word} one` : word;
  const options = Object.entries(entry.options ?? {}).flatMap(([option, keyword]) =>
    [...valuesOf(keyword)].map((value) => [option, value].filter((part) => part !== '').join(' ')),
  );
  return ['', 'nonsense', ...options].flatMap((option) => {
    const line = option === '' ? entry.example! : `${entry.example} ${option}`;
    const text = surround(path, `${head} {\n${line}\n}`);
    return text === undefined ? [] : [{ path: [...path, word].join('/'), word: option, line, text }];
  });
}

function valuesOf({ takes, default: value, normal }: Keyword): Set<string> {
  const values = new Set(['']);
  if (takes.example !== undefined) values.add(takes.example);
  for (const usual of [value, normal])
    if (usual !== undefined) values.add(String(takes.plain?.(usual) ?? usual));
  for (const json of jsonsOf(takes)) addFrom(json, values, takes.syntax);
  return values;
}

function jsonsOf(shape: Shape<unknown>): Json[] {
  const { json, each } = shape;
  if (json === undefined) return each === undefined ? [] : jsonsOf(each);
  const branches = (json.anyOf ?? []) as readonly Json[];
  return [json, ...branches];
}

function addFrom(json: Json, values: Set<string>, syntax: string): void {
  const { minimum, maximum, type, enum: words } = json;
  if (typeof minimum === 'number') for (const value of [minimum, minimum - 1]) values.add(plain(value));
  if (typeof maximum === 'number') for (const value of [maximum, maximum + 1]) values.add(plain(value));
  if (type === 'integer' || type === 'number') for (const value of ['10', '1.5', 'ab']) values.add(value);
  if (type === 'boolean' && syntax !== '') for (const value of ['on', 'off']) values.add(value);
  if (Array.isArray(words)) for (const value of [...words, 'nonsense']) values.add(String(value));
}

/** JavaScript would write 1e-6, and nobody reads that. */
function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(6).replace(/0+$/, '');
}
