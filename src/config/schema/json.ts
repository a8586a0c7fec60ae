// The JSON Schema (draft-07) of a configuration in YAML, for editors: completion, help, and most mistakes
// while typing. `check` knows more: it also knows what the statements mean together.
//
// A block is one definition without alternatives, since these would hide its keywords from completion; every
// value with alternatives says its types as well, the usual one first, for the same reason.
import { type Block, type Keyword, STANDINGS } from './block.ts';
import { type Json, nothing, type Shape } from './shape.ts';
import { INCLUDE } from './top.ts';
import { places } from './walk.ts';

/** Of a block, its name among the definitions. */
type Names = ReadonlyMap<Block, string>;

const WORD = { type: ['string', 'number', 'boolean'] };
const ALONE = { enum: [true, null] };

export function renderJsonSchema(top: Block): Json {
  const names = nameBlocks(top);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:lvs-director:configuration',
    title: 'lvs-director configuration',
    description: "A director's configuration in YAML: keepalived's statements in another notation.",
    type: ['object', 'null'],
    properties: {
      [INCLUDE.word]: keywordJson(INCLUDE.keyword, names),
      ...keywordsJson(top, names),
    },
    additionalProperties: false,
    definitions: Object.fromEntries([...names].map(([block, name]) => [name, blockJson(block, name, names)])),
  };
}

/** Its own name, or with that of the block around it where there are two. */
function nameBlocks(top: Block): Names {
  const names = new Map<Block, string>();
  const taken = new Set<string>();
  for (const { keyword, block: outer } of places(top)) {
    const { block } = keyword;
    if (block === undefined || names.has(block)) continue;
    const within = outer === top ? 'top' : outer.name;
    const name = taken.has(block.name) ? `${within}.${block.name}` : block.name;
    taken.add(name);
    names.set(block, name);
  }
  return names;
}

/** A body, or an array of bodies: a block may stand more than once. Null is an empty one. */
function blockJson(block: Block, name: string, names: Names): Json {
  if (block.entry !== undefined) return listJson(block.entry);
  return {
    type: ['object', 'array', 'null'],
    properties: keywordsJson(block, names),
    additionalProperties: false,
    // Not an array of arrays.
    items: { allOf: [{ $ref: `#/definitions/${name}` }], type: ['object', 'null'] },
  };
}

function listJson(entry: Shape<unknown>): Json {
  const text = { ...scalarJson(entry), description: `Each is ${entry.syntax}` };
  const mapping = mappingJson(entry);
  const items = mapping === undefined ? text : alternatives([text, mapping]);
  return alternatives([{ type: 'array', items }, text, { type: 'null' }]);
}

function keywordsJson(block: Block, names: Names): Json {
  return Object.fromEntries(
    places(block)
      .filter(({ path }) => path.length === 0)
      .map(({ word, keyword }) => [word, keywordJson(keyword, names)]),
  );
}

function keywordJson(keyword: Keyword, names: Names): Json {
  const { takes, block, oldNameOf } = keyword;
  const about = {
    description: describe(keyword),
    ...(oldNameOf === undefined
      ? {}
      : { deprecated: true, deprecationMessage: `An old name of ${oldNameOf}` }),
  };
  if (block === undefined) return { ...about, ...defaultJson(keyword), ...valuesJson(keyword) };
  const definition = { $ref: `#/definitions/${names.get(block)!}` };
  if (takes === nothing) return { ...about, ...definition };
  return { ...about, type: 'object', additionalProperties: definition };
}

function describe({ takes, block, doc, standing, because, advice }: Keyword): string {
  const sentences = [doc];
  if (block !== undefined && takes !== nothing) sentences.push(`Keys: ${takes.syntax}`);
  else if (!isObvious(takes)) sentences.push(`Takes ${takes.syntax}`);
  if (advice !== undefined) sentences.push(advice);
  if (standing !== undefined)
    sentences.push(
      `Not acted upon yet: ${STANDINGS[standing].short}${because === undefined ? '' : `; ${because}`}`,
    );
  return `${sentences.join('. ')}.`;
}

/** An editor shows the type anyway. */
function isObvious({ syntax, json }: Shape<unknown>): boolean {
  return syntax === '' || syntax === 'TEXT' || json?.type === 'boolean';
}

/** What is normal for a word that is not acted upon is what we do without it. */
function defaultJson({ takes, normal, default: value = normal }: Keyword): Json {
  return value === undefined ? {} : { default: takes.plain?.(value) ?? value };
}

/** A flag given twice says no more than once. */
function valuesJson({ takes, many }: Keyword): Json {
  const value = valueJson(takes);
  if (many === undefined || takes === nothing) return value;
  const words = takes.line === true ? [{ type: 'array', items: WORD, minItems: 1 }] : [];
  return alternatives([
    ...branches(value).filter(({ type }) => type !== 'array'),
    { type: 'array', items: alternatives([...branches(value).filter(isNotArray), ...words]), minItems: 1 },
  ]);
}

function isNotArray({ type }: Json): boolean {
  return type !== 'array';
}

/** One value: a word, a line of words as a text or a sequence, or a mapping of its parts and options. */
function valueJson(shape: Shape<unknown>): Json {
  const { line, each, isBareAllowed } = shape;
  const items = each === undefined ? WORD : valueJson(each);
  const mapping = mappingJson(shape);
  return alternatives([
    ...branches(scalarJson(shape)),
    ...(line ? [{ type: 'array', items, minItems: 1 }] : []),
    ...(mapping === undefined ? [] : [mapping]),
    ...(isBareAllowed ? [ALONE] : []),
  ]);
}

/** What is said of a first word also says what may be typed there; the whole line is still any text. */
function scalarJson({ json, line, each, partShapes = {} }: Shape<unknown>): Json {
  if (json !== undefined && !line) return json;
  const first = each ?? Object.values(partShapes)[0];
  const whole = line ? { type: ['string', 'number'] } : WORD;
  return first?.json?.enum === undefined ? whole : alternatives([first.json, whole]);
}

function mappingJson({ parts, partShapes = {}, needed, options = {} }: Shape<unknown>): Json | undefined {
  if (parts === undefined && Object.keys(options).length === 0) return undefined;
  const positional = (parts ?? []).map((part) => {
    const shape = partShapes[part];
    if (shape === undefined) return [part, WORD];
    const about = isObvious(shape) ? {} : { description: `Takes ${shape.syntax}.` };
    return [part, { ...about, ...valueJson(shape) }];
  });
  const named = Object.entries(options).map(([word, option]) => [
    word,
    { description: describe(option), ...valueJson(option.takes) },
  ]);
  return {
    type: 'object',
    properties: Object.fromEntries([...positional, ...named]),
    ...(needed === undefined ? {} : { required: parts!.slice(0, needed) }),
    additionalProperties: false,
  };
}

function branches(json: Json): readonly Json[] {
  const { anyOf } = json as { anyOf?: readonly Json[] };
  return anyOf ?? [json];
}

/** Any of these; the types of all of them in front, in their order. */
function alternatives(all: readonly Json[]): Json {
  const flat = all.flatMap(branches);
  if (flat.length === 1) return flat[0]!;
  return { type: [...new Set(flat.flatMap(typesOf))], anyOf: flat };
}

function typesOf({ type, enum: values }: Json): string[] {
  if (type !== undefined) return [type].flat() as string[];
  return (values as readonly unknown[]).map((value) => (value === null ? 'null' : typeof value));
}
