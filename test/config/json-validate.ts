// A JSON Schema validator for exactly the keywords that our schema uses; it throws on any other, so that
// nothing passes unseen. Annotations beside `$ref` are ignored as draft-07 has it.
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  'title',
  'description',
  'default',
  'format',
  'deprecated',
  'deprecationMessage',
  'definitions',
]);
type Check = (value: unknown, wanted: never, schema: Schema, walk: Walk) => string[];
type Walk = (value: unknown, schema: Schema, at: string) => string[];
type Members = Record<string, Schema>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const holds = (good: boolean, complaint: string) => (good ? [] : [complaint]);

const CHECKS: Record<string, Check> = {
  type: (value, types: string | string[]) =>
    holds(
      [types].flat().some((type) => isType(value, type)),
      `is no ${[types].flat().join(' or ')}`,
    ),
  enum: (value, values: unknown[]) => holds(values.includes(value), `is none of ${values.join(', ')}`),
  minimum: (value, least: number) => holds(typeof value !== 'number' || value >= least, `is below ${least}`),
  maximum: (value, most: number) => holds(typeof value !== 'number' || value <= most, `is above ${most}`),
  minLength: (value, least: number) =>
    holds(typeof value !== 'string' || value.length >= least, 'is too short'),
  maxLength: (value, most: number) => holds(typeof value !== 'string' || value.length <= most, 'is too long'),
  minItems: (value, least: number) => holds(!Array.isArray(value) || value.length >= least, 'is too short'),
  pattern: (value, form: string) =>
    holds(typeof value !== 'string' || new RegExp(form, 'u').test(value), `is not like ${form}`),
  required: (value, names: string[]) =>
    isObject(value) ? names.filter((name) => !(name in value)).map((name) => `lacks ${name}`) : [],
  items: (value, schema: Schema, _all, walk) =>
    Array.isArray(value) ? value.flatMap((item, i) => walk(item, schema, String(i))) : [],
  properties: (value, members: Members, _all, walk) =>
    isObject(value)
      ? Object.keys(members)
          .filter((name) => Object.hasOwn(value, name))
          .flatMap((name) => walk(value[name], members[name]!, name))
      : [],
  patternProperties: (value, members: Members, _all, walk) =>
    isObject(value)
      ? Object.keys(value).flatMap((name) =>
          Object.keys(members)
            .filter((form) => new RegExp(form, 'u').test(name))
            .flatMap((form) => walk(value[name], members[form]!, name)),
        )
      : [],
  additionalProperties: (value, schema: Schema | false, { properties, patternProperties = {} }, walk) => {
    if (!isObject(value)) return [];
    const forms = Object.keys(patternProperties as Members).map((form) => new RegExp(form, 'u'));
    const others = Object.keys(value).filter(
      (name) => !Object.hasOwn((properties as Members) ?? {}, name) && !forms.some((form) => form.test(name)),
    );
    return others.flatMap((name) =>
      schema === false ? [`knows no ${name}`] : walk(value[name], schema, name),
    );
  },
  allOf: (value, all: Schema[], _all, walk) => all.flatMap((schema) => walk(value, schema, '')),
  anyOf: (value, all: Schema[], _all, walk) => {
    const complaints = all.map((schema) => walk(value, schema, ''));
    return complaints.some((one) => one.length === 0) ? [] : ['is none of the alternatives'];
  },
};

/** Complaints, each with its path; none for a good value. */
export function validate(root: Schema, document: unknown): string[] {
  const visit = (value: unknown, schema: Schema, path: string): string[] => {
    const { $ref } = schema;
    if (typeof $ref === 'string') return visit(value, resolve(root, $ref), path);
    return Object.entries(schema).flatMap(([word, wanted]) => {
      if (ANNOTATIONS.has(word)) return [];
      const check = CHECKS[word];
      if (check === undefined) throw new Error(`no check for ${word}`);
      const walk: Walk = (inner, part, at) => visit(inner, part, at === '' ? path : `${path}/${at}`);
      return check(value, wanted as never, schema, walk).map((text) =>
        text.startsWith('/') ? text : `${path === '' ? '/' : path} ${text}`,
      );
    });
  };
  return visit(document, root, '');
}

function resolve(root: Schema, ref: string): Schema {
  const found = (root.definitions as Members)[ref.replace('#/definitions/', '')];
  if (found === undefined) throw new Error(`no definition ${ref}`);
  return found;
}

function isType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  if (!['string', 'number', 'boolean'].includes(type)) throw new Error(`no type ${type}`);
  return typeof value === type;
}
