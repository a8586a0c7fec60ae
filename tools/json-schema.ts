// Writes schema/lvs-director.schema.json from the schema in src/config/schema: `node tools/json-schema.ts`,
// part of `npm run fix`. A test keeps the two equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderJsonSchema } from '../src/config/schema/json.ts';
import { TOP } from '../src/config/schema/top.ts';

export function jsonSchemaFile(): string {
  return `${print(renderJsonSchema(TOP), '')}\n`;
}

/** Blocks on many lines, a keyword on one: so that a change of one keyword is a change of one line. */
function print(value: object, indent: string): string {
  const inner = `${indent} `;
  const members = Object.entries(value).map(([name, member]) => {
    const isTree = name === 'properties' || name === 'definitions' || 'properties' in Object(member);
    const isKeyword = 'description' in Object(member);
    const printed = isTree && !isKeyword ? print(member, inner) : JSON.stringify(member);
    return `${inner}${JSON.stringify(name)}: ${printed}`;
  });
  return `{\n${members.join(',\n')}\n${indent}}`;
}

if (import.meta.main)
  writeFileSync(
    fileURLToPath(new URL('../schema/lvs-director.schema.json', import.meta.url)),
    jsonSchemaFile(),
  );
