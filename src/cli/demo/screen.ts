// Where the demo shows its picture: redrawn in place on a terminal, as one line for each thing that
// happens elsewhere.
import { emitKeypressEvents } from 'node:readline';
import { styleText } from 'node:util';
import type { Happening, Picture } from './picture.ts';
import { elapsed, type Paint, view } from './view.ts';

export type Screen = {
  show(picture: Picture): void;
  /** Text that stays on the screen after the demo. Call it after `close`. */
  print(lines: readonly string[]): void;
  close(): void;
  readonly paint: Paint;
};

const FRAME_MS = 100;
/** Without automatic wrapping a line that is too long is cut off instead of breaking the layout. */
const TAKE_SCREEN = '\x1b[?25l\x1b[?7l';
const GIVE_SCREEN = '\x1b[?25h\x1b[?7h';
const CLEAR_TO_END = '\x1b[J';
const CLEAR_LINE_END = '\x1b[K';

export function openScreen(keys: string): Screen {
  return process.stdout.isTTY ? openTerminal(keys) : openLines();
}

function openTerminal(keys: string): Screen {
  const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout });
  let shown = 0;
  let latest: Picture | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const size = { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
    const lines = view(latest, Date.now(), size, keys, paint).slice(0, size.rows - 1);
    const up = shown > 0 ? `\x1b[${shown}A` : '';
    process.stdout.write(
      `${up}\r${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_TO_END}`,
    );
    shown = lines.length;
  };
  process.stdout.write(TAKE_SCREEN);
  const timer = setInterval(draw, FRAME_MS);
  return {
    paint,
    show: (picture) => {
      latest = picture;
    },
    print: (lines) => process.stdout.write(`${lines.join('\n')}\n`),
    close: () => {
      clearInterval(timer);
      draw();
      process.stdout.write(GIVE_SCREEN);
    },
  };
}

/** What is new since `known` in a list that only grows at its end and may lose its head. */
function since(happenings: readonly Happening[], known: Happening | undefined): readonly Happening[] {
  return known === undefined ? happenings : happenings.slice(happenings.lastIndexOf(known) + 1);
}

/** For files, pipes and CI: no colours, no cursor, nothing is said twice. */
function openLines(): Screen {
  let last: Happening | undefined;
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  return {
    paint: (_, text) => text,
    show: (picture) => {
      for (const happening of since(picture.happenings, last)) {
        const [first = ''] = happening.text.split('\n');
        write(`${elapsed(happening.atMs - picture.startedMs, true)}  ${happening.who.padEnd(4)} ${first}`);
      }
      last = picture.happenings.at(-1);
    },
    print: (lines) => write(lines.join('\n')),
    close: () => {},
  };
}

/** Keys of a terminal, one at a time; Ctrl-C comes as `q`. Does nothing when the input is no terminal. */
export function listenForKeys(pressed: (key: string) => void): void {
  if (!process.stdin.isTTY) return;
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode(true);
  process.stdin.on('keypress', (text: string | undefined, key: { name?: string; ctrl?: boolean }) => {
    pressed(key.ctrl && key.name === 'c' ? 'q' : (text ?? ''));
  });
}
