// Statements → keepalived's form: one a line, blocks in braces, comments where they were.
import type { Comments } from './comments.ts';
import { quoteLine } from './quote.ts';
import type { Statement } from './tree.ts';

const INDENT = '    ';

/** Empty for no statements. */
export function printKeepalived(statements: readonly Statement[], comments: Comments): string {
  const lines = statements.flatMap((statement) => statementLines(statement, comments));
  return joinLines([...lines, ...comments.last]);
}

/** Lines as a text; it does not begin with a blank one. */
export function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${withoutLeadingBlank(lines).join('\n')}\n`;
}

/** In a block nothing is before the first statement that it would have to be set off from. */
export function withoutLeadingBlank(lines: readonly string[]): readonly string[] {
  return lines[0] === '' ? lines.slice(1) : lines;
}

export function indentLines(lines: readonly string[], indent: string): string[] {
  return lines.map((line) => (line === '' ? '' : indent + line));
}

function statementLines(statement: Statement, comments: Comments): string[] {
  const { words, body } = statement;
  const { before = [], trailing } = comments.of.get(statement) ?? {};
  const comment = trailing === undefined ? '' : ` ${trailing}`;
  const line = quoteLine(words);
  if (body === undefined) return [...before, `${line}${comment}`];
  const inner = body.statements.flatMap((one) => statementLines(one, comments));
  const all = withoutLeadingBlank([...inner, ...(comments.ends.get(body) ?? [])]);
  return [...before, `${line} {${comment}`, ...indentLines(all, INDENT), '}'];
}
