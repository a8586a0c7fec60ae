// What instances watch outside of VRRP, as blocks of the top: processes and files. Scripts
// are in vrrp-script.ts.
import { type Block, keyword } from './block.ts';
import { integer, many, nothing, oneOf, orBare, type Shape, seconds, text } from './shape.ts';

/** keepalived 2.2.7: of processes and files. */
const MOST_WEIGHT = 254;
const MOST_PROCESSES = 65_535;
const SHORTEST_DELAY = 0.000_001;
const LONGEST_DELAY = 3600;

const direction = oneOf(['reverse', 'noreverse']);

/** `N [reverse|noreverse]`. */
export function weightWord(most: number): Shape<{ weight: number; reverse: boolean }> {
  return {
    syntax: 'WEIGHT [reverse|noreverse]',
    line: true,
    parts: ['weight', 'direction'],
    partShapes: { weight: integer(-most, most), direction },
    needed: 1,
    example: '10',
    read(words) {
      const value = integer(-most, most).read(words);
      if (value === undefined) return void words.rest();
      if (words.peek() === undefined) return { weight: value, reverse: false };
      const turned = direction.read(words);
      return turned === undefined ? undefined : { weight: value, reverse: turned === 'reverse' };
    },
  };
}

const weight = weightWord(MOST_WEIGHT);

type InitFile = { value: number; overwrite: boolean };

/** The weight that comes of it is that of a priority, whatever is in the file. */
const WHAT_COUNTS = integer(-254, 254);

const initFile: Shape<InitFile> = {
  syntax: '[NUMBER] [overwrite]',
  line: true,
  example: '0 overwrite',
  isBareAllowed: true,
  read(words) {
    const word = words.peek();
    const value = word === undefined || word.text === 'overwrite' ? 0 : WHAT_COUNTS.read(words);
    if (value === undefined) return undefined;
    if (words.peek() === undefined) return { value, overwrite: false };
    return oneOf(['overwrite']).read(words) === undefined ? undefined : { value, overwrite: true };
  },
};

const delay = seconds(SHORTEST_DELAY, LONGEST_DELAY);

export const TRACK_PROCESS = {
  name: 'vrrp_track_process',
  keywords: {
    process: keyword(many(text), 'program, and its arguments, to count; with a `/` its whole path'),
    param_match: keyword(
      orBare(oneOf(['initial', 'partial']), 'exact' as const),
      'the arguments only begin with these (partial), the last one also in itself (initial)',
    ),
    weight: keyword(weight, 'weight where it is tracked without one; default 0, which means FAULT'),
    quorum: keyword(integer(1, MOST_PROCESSES), 'fewest processes; default 1'),
    quorum_max: keyword(integer(0, MOST_PROCESSES), 'most processes', { default: MOST_PROCESSES }),
    delay: keyword(delay, 'both of the delays below'),
    terminate_delay: keyword(delay, 'how long there have to be too few, or too many, before it counts'),
    fork_delay: keyword(delay, 'how long there have to be enough before it counts'),
    full_command: keyword(nothing, 'compare with the command as it was given, not with its last part'),
  },
} as const satisfies Block;

export const TRACK_FILE = {
  name: 'track_file',
  keywords: {
    file: keyword(text, 'path of the file; the number in it counts, 0 when there is none'),
    weight: keyword(
      weight,
      'what the number is multiplied by; default 1, and 0 means FAULT while it is not 0',
    ),
    init_file: keyword(initFile, 'create the file with this number; with overwrite also when it is there'),
  },
} as const satisfies Block;
