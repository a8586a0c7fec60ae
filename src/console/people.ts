// One event as a line for somebody at a terminal.
import { styleText } from 'node:util';
import { EVENTS, type Level, type Notice } from '../core/events.ts';
import { plainFields } from './plain.ts';

type Format = Parameters<typeof styleText>[0];
const COLOURS: Record<Level, Format> = {
  debug: 'dim',
  info: 'reset',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};

export type LoggedEvent = { atMs: number; notice: Notice };

/** `atMs`: since 1970. Ends without a line break; only a message that has several lines is several lines. */
export function renderForPeople({ atMs, notice }: LoggedEvent, colour: boolean): string {
  const paint = (format: Format, text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const message = printable(notice.message);
  const { level } = EVENTS[notice.event];
  const head = `${paint('dim', clockTime(atMs))} ${paint(COLOURS[level], level.padEnd(5))}`;
  const event = paint('dim', printable(notice.event));
  const rest = restOf(notice, message);
  const line = `${head} ${paint(COLOURS[level], message)}  ${event}`;
  return rest === '' ? line : `${line} ${paint('dim', rest)}`;
}

/**
 * The fields that the message does not already say. A number is always shown: it could be in the message by
 * chance.
 */
function restOf({ fields }: Notice, message: string): string {
  return Object.entries(plainFields(fields ?? {}))
    .filter(([, value]) => typeof value !== 'string' || !isSaid(value, message))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`)
    .join(' ');
}

/** Text of several lines is in the message, or too long for this line. */
function isSaid(value: string, message: string): boolean {
  return value.includes('\n') || message.includes(printable(value));
}

function quoted(value: string): string {
  return printable(/[\s"]/.test(value) ? JSON.stringify(value) : value);
}

function clockTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${seconds}`;
}

/** Names from a file or the network must not move somebody's cursor. */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
