// Words about how the elector runs: when it begins, and what it does when it ran late.
import { keyword } from './block.ts';
import { integer, orBare, seconds } from './shape.ts';

/** Seconds: keepalived keeps these times as microseconds in 32 bits. */
const LONGEST_DELAY = 4294.967295;
const delay = seconds(0.001, LONGEST_DELAY);
const highest = orBare(integer(1, 254), 254);

export const GLOBAL_RUNNING_WORDS = {
  vrrp_startup_delay: keyword(
    delay,
    'no instance begins before: nothing is sent, and nothing that is heard counts; not at a reload',
  ),
  vrrp_delay_after_boot: keyword(delay, 'the same from the boot of the system on; the later moment counts'),
} as const;

export const RUNNING_WORDS = {
  timer_expired_backup: keyword(
    highest,
    'BACKUP at once after having run so late that one of this priority has taken over; needs nopreempt; ' +
      'alone: 254. Not given: serves on while it listens whether somebody has',
  ),
  thread_timer_expired: keyword(highest, 'old name of timer_expired_backup', {
    oldNameOf: 'timer_expired_backup',
  }),
} as const;
