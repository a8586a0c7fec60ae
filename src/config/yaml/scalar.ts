// Texts and words as YAML writes them: plain where every reader takes it for the same text, else quoted.
import type { Json, Shape } from '../schema/shape.ts';

/** Nothing that means something to YAML, in blocks and in brackets. */
const PLAIN = /^(?:[\w./+]|[-:](?=[^\s-]))[\w./+\-:@%=~*^()<>;$\\ ]*$/;
const SPLITS = /: |:$| $/;
/** Also what only YAML 1.1 takes for a boolean, a number or a date. */
const OTHER_KINDS = [
  /^(?:true|false|null|yes|no|on|off|y|n|~|=)$/i,
  /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?$/i,
  /^[-+]?\d+(?::[0-5]?\d)+(?:\.\d*)?$/,
  /^[-+]?(?:0[xob][\da-f_]+|\.inf|\.nan)$/i,
  /^\d{4}-\d\d?-\d\d?/,
];
const CONTROL = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufeff\ufffe\uffff]/;
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** A text, and nothing else than a text. */
export function printText(text: string): string {
  if (PLAIN.test(text) && !SPLITS.test(text) && !OTHER_KINDS.some((kind) => kind.test(text))) return text;
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const hex = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[\u007f-\u009f\ufeff\ufffe\uffff]/g, hex);
}

/** Inside of brackets. */
export function printInFlow(text: string): string {
  const printed = printText(text);
  return printed.includes(':') && printed === text ? `'${text}'` : printed;
}

/** A word by what its shape takes: numbers and booleans are such where they may be. */
export function printWord(text: string, takes: Shape<unknown>): string {
  const json = takes.json ?? { type: ['string', 'number'] };
  if (json.type === 'boolean') {
    if (/^(?:on|yes|true)$/.test(text)) return 'true';
    if (/^(?:off|no|false)$/.test(text)) return 'false';
  }
  return NUMBER.test(text) && isNumber(text, json) ? text : printText(text);
}

/** Where texts may be, too, only a number that is written as every program would write it. */
function isNumber(text: string, json: Json): boolean {
  const { type, anyOf, enum: values } = json;
  if (Array.isArray(anyOf)) return anyOf.some((one: Json) => isNumber(text, one));
  if (Array.isArray(values)) return values.includes(Number(text)) && String(Number(text)) === text;
  if (type === 'number' || type === 'integer') return true;
  return Array.isArray(type) && /number|integer/.test(type.join()) && String(Number(text)) === text;
}
