// The block `vrrp_script NAME { … }`: a program whose end says whether instances may be MASTER.
import { type Block, keyword } from './block.ts';
import { script, user } from './scripts.ts';
import { INT_MAX, integer, nothing, seconds } from './shape.ts';
import { weightWord } from './trackers.ts';

const SHORTEST = 0.001;
/** Seconds: keepalived 2.2.7 keeps these times as microseconds in 32 bits. */
const LONGEST = 4294;
const MOST_WEIGHT = 253;

export const VRRP_SCRIPT = {
  name: 'vrrp_script',
  keywords: {
    script: keyword(script, 'program and arguments: status 0 is good, everything else is bad'),
    interval: keyword(seconds(SHORTEST, LONGEST), 'time from the begin of one run to that of the next', {
      default: 1000,
    }),
    timeout: keyword(
      seconds(SHORTEST, LONGEST),
      'a run that takes longer is ended, and was bad; default: the interval',
    ),
    weight: keyword(
      weightWord(MOST_WEIGHT),
      'positive: added to the priority while good; negative: while bad; 0, the default: FAULT while bad',
    ),
    rise: keyword(integer(1, INT_MAX), 'good runs in a row before it is good', { default: 1 }),
    fall: keyword(integer(1, INT_MAX), 'bad runs in a row before it is bad', { default: 1 }),
    user: keyword(user, 'who runs it; default script_user'),
    init_fail: keyword(nothing, 'bad, and not just unknown, before the first run'),
  },
} as const satisfies Block;
