// For every word of the schema the lines worth asking about: alone, as in its example, at both ends of its
// range and one beyond, each of its words and one that is none. Made from the schema: no list of its own.
import type { Keyword } from '../../../src/config/schema/block.ts';
import type { Json, Shape } from '../../../src/config/schema/shape.ts';
import { TOP } from '../../../src/config/schema/top.ts';
import { places } from '../../../src/config/schema/walk.ts';
import { surround } from './surroundings.ts';

export type Case = { path: string; word: string; line: string; text: string };

export function cases(): Case[] {
  return places(TOP).flatMap(({ word, keyword, path }) => {
    if (path[0] === 'director' || word === 'director' || keyword.block !== undefined) return [];
    return [...valuesOf(keyword)].flatMap((value) => {
      const line = value === '' ? word : `${word} ${value}`;
      const text = surround(path, line);
      return text === undefined ? [] : [{ path: path.join('/'), word, line, text }];
    });
  });
}

function valuesOf({ takes, default: value, normal }: Keyword): Set<string> {
  const values = new Set(['']);
  if (takes.example !== undefined) values.add(takes.example);
  for (const usual of [value, normal])
    if (usual !== undefined) values.add(String(takes.plain?.(usual) ?? usual));
  for (const json of jsonsOf(takes)) addFrom(json, values);
  return values;
}

function jsonsOf(shape: Shape<unknown>): Json[] {
  const { json, each } = shape;
  if (json === undefined) return each === undefined ? [] : jsonsOf(each);
  const branches = (json.anyOf ?? []) as readonly Json[];
  return [json, ...branches];
}

function addFrom(json: Json, values: Set<string>): void {
  const { minimum, maximum, type, enum: words } = json;
  if (typeof minimum === 'number') for (const value of [minimum, minimum - 1]) values.add(plain(value));
  if (typeof maximum === 'number') for (const value of [maximum, maximum + 1]) values.add(plain(value));
  if (type === 'integer' || type === 'number') for (const value of ['10', '1.5', 'ab']) values.add(value);
  if (type === 'boolean') for (const value of ['on', 'off']) values.add(value);
  if (Array.isArray(words)) for (const value of [...words, 'nonsense']) values.add(String(value));
}

/** JavaScript would write 1e-6, and nobody reads that. */
function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(6).replace(/0+$/, '');
}
