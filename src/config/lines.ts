// Where lines of a text begin and end.

/** Past the line break; of the last line that has none it is nowhere. */
export function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? Number.POSITIVE_INFINITY : newline + 1;
}

export function isLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === '\n';
}

export function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** A part of a text keeps all of it in memory, and words of the part would. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
