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
/** A keyword that stands alone, or is left out. */
const FLAG = { type: ['boolean', 'null'] };

export function renderJsonSchema(top: Block): Json {
  const names = nameBlocks(top);
  const body = bodyJson(top, names);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:lvs-director:configuration',
    title: 'lvs-director configuration',
    description: "A director's configuration in YAML: keepalived's statements in another notation.",
    type: ['object', 'null'],
    ...body,
    properties: { [INCLUDE.word]: keywordJson(INCLUDE.keyword, names), ...body.properties! },
    definitions: Object.fromEntries([...names].flatMap(([block, name]) => definitionsOf(block, name, names))),
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

function definitionsOf(block: Block, name: string, names: Names): [string, Json][] {
  const { entry } = block;
  const own: [string, Json] = [name, blockJson(block, name, names)];
  return entry === undefined ? [own] : [own, [lineName(name), lineJson(entry)]];
}

/** A body, or an array of bodies: a block may stand more than once. Nothing, or true, is an empty one. */
function blockJson(block: Block, name: string, names: Names): Json {
  if (block.entry !== undefined) return listJson(name);
  return {
    type: ['object', 'array', 'null', 'boolean'],
    ...bodyJson(block, names),
    // Not an array of arrays.
    items: { allOf: [{ $ref: `#/definitions/${name}` }], type: 'object' },
  };
}

/** What a body may have; a keyword with its head may be one key, too: `vrrp_instance VI_1`. */
function bodyJson(block: Block, names: Names): Json {
  const headed = places(block).filter(
    ({ path, keyword }) => path.length === 0 && keyword.block !== undefined && keyword.takes !== nothing,
  );
  const patterns = headed.map(({ word, keyword }) => [`^${word} +[^ ]`, refTo(keyword.block!, names)]);
  return {
    properties: keywordsJson(block, names),
    ...(patterns.length === 0 ? {} : { patternProperties: Object.fromEntries(patterns) }),
    additionalProperties: false,
  };
}

function refTo(block: Block, names: Names): Json {
  return { $ref: `#/definitions/${names.get(block)!}` };
}

/** Lines in an array, or one line; an array of arrays where the block stands more than once. */
function listJson(name: string): Json {
  const line = { $ref: `#/definitions/${lineName(name)}` };
  const items = { anyOf: [line, { type: 'array', items: line }] };
  return {
    type: ['array', 'string', 'number', 'object', 'boolean', 'null'],
    anyOf: [{ type: 'array', items }, line, FLAG],
  };
}

function lineJson(entry: Shape<unknown>): Json {
  const text = { ...scalarJson(entry), description: `Each is ${entry.syntax}` };
  const mapping = mappingJson(entry);
  return alternatives(mapping === undefined ? [text] : [text, mapping]);
}

function lineName(name: string): string {
  return `${name}.line`;
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
  const definition = refTo(block, names);
  if (takes === nothing) return { ...about, ...definition };
  const heads = { type: 'object', additionalProperties: definition };
  // An array keeps an order that keys cannot: the same head again after another one.
  return { ...about, ...heads, type: ['object', 'array', 'null'], items: heads };
}

function describe({ takes, block, doc, standing, because, advice }: Keyword): string {
  const sentences = [doc];
  if (block !== undefined && takes !== nothing) sentences.push(`Keys: ${takes.syntax}`);
  else if (!isObvious(takes)) sentences.push(`Takes ${takes.syntax}`);
  if (advice !== undefined) sentences.push(advice);
  if (standing !== undefined) {
    const lead = standing === 'otherwise' ? 'Not acted upon' : 'Not acted upon yet';
    const why = because === undefined ? '' : `; ${because}`;
    sentences.push(`${lead}: ${STANDINGS[standing].short}${why}`);
  }
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
  if (shape.syntax === '') return FLAG;
  const items = each === undefined ? WORD : valueJson(each);
  const mapping = mappingJson(shape);
  return alternatives([
    ...branches(scalarJson(shape)),
    ...(line ? [{ type: 'array', items, minItems: 1 }] : []),
    ...(mapping === undefined ? [] : [mapping]),
    ...(isBareAllowed ? [FLAG] : []),
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
