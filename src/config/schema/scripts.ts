// How programs are named: a command in one (quoted) word with its arguments, and who runs it. Pipes that
// events are written to are named the same way.
import { inOrder } from './options.ts';
import { text } from './shape.ts';

/** `[:]USER [GROUP]`; the colon asks for the user's supplementary groups too. */
export const user = {
  ...inOrder({ user: text, group: text }, 1),
  syntax: '[:]USER [GROUP]',
  example: 'nobody',
};

const { line: _, ...oneWord } = inOrder({ command: text, user: text, group: text }, 1);
/** `"COMMAND ARGUMENT …" [USER [GROUP]]`. A text in YAML is the command, blanks and all. */
export const script = {
  ...oneWord,
  isScript: true as const,
  syntax: 'COMMAND [[:]USER [GROUP]]',
  example: '"/usr/local/bin/program argument" nobody',
};

/** `PATH [USER [GROUP]]` of a named pipe. */
export const fifo = {
  ...inOrder({ path: text, user: text, group: text }, 1),
  syntax: 'PATH [USER [GROUP]]',
  example: '/run/director.fifo',
};
