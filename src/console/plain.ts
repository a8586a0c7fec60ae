// Any value of ours as one that JSON can say, without secrets. Used by the log and by the state dump.

/**
 * Words that operators and we use for what must not be read by others. Compared without case, `-` and `_`.
 */
const SECRETS = new Set(['psk', 'password', 'passphrase', 'authpass', 'secret', 'token', 'privatekey']);

export type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain };

export function plain(value: unknown): Plain {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      // Readers of JSON count in doubles: beyond them a number is only safe as text.
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : plainObject(value);
    case 'function':
    case 'symbol':
      return String(value);
  }
}

function plainObject(value: object): Plain {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return [...value].map(plain);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Error) return plainFields({ ...value, name: value.name, message: value.message });
  return plainFields(value instanceof Map ? Object.fromEntries(value) : value);
}

/** As text, for programs and people. Ends with a line break. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(plain(value), undefined, 2)}\n`;
}

/** What is undefined is left out; the value of a secret is not. That there is one may be known. */
export function plainFields(fields: object): { [name: string]: Plain } {
  const result: { [name: string]: Plain } = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    result[name] = isSecret(name) ? '(secret)' : plain(value);
  }
  return result;
}

function isSecret(name: string): boolean {
  return SECRETS.has(name.replace(/[-_]/g, '').toLowerCase());
}
