// A command in one quoted word → program and arguments, by keepalived 2.2.7's rules (measured with it). No
// shell: `$HOME`, `*` and `;` stand for themselves.
//
// keepalived takes the backslashes away twice: once when it reads the quoted word, so that `e\ f` is two
// arguments, and once when it splits the outcome at blanks that are not in quotes, so that `\\ ` is a blank.

const CONTROLS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  E: '\u001b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/g;
const ESCAPE_HERE = new RegExp(ESCAPE, 'y');

/** Program and arguments; empty where there is nothing but blanks. */
export function commandWords(command: string): string[] {
  return split(command.replace(ESCAPE, unescaped));
}

function unescaped(_: string, hex?: string, octal?: string, character?: string): string {
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
  return CONTROLS[character!] ?? character!;
}

function split(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    ESCAPE_HERE.lastIndex = at;
    const sequence = ESCAPE_HERE.exec(text);
    at += sequence?.[0].length ?? 1;
    if (sequence !== null) word = (word ?? '') + unescaped(...(sequence as unknown as [string]));
    else if (character === quote) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}
