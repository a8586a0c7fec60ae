// Checkers: what is common to all of them, and TCP_CHECK. keepalived.conf(5): delay_loop 60 s,
// connect_timeout 5 s, and for TCP_CHECK retry 1 and delay_before_retry 1 s; warmup is as long as delay_loop.
// A checker's value wins over its real server's, and that over its virtual server's.
import { type Block, keyword } from './block.ts';
import { address, integer, seconds, toggle, UINT_MAX } from './shape.ts';
import { CHECK_WORDS } from './words-ipvs.ts';

/** keepalived's timers begin at a microsecond. */
const SHORTEST = 0.000_001;

const delayLoop = seconds(SHORTEST);
/** keepalived keeps it as microseconds in 32 bits. */
const connectTimeout = seconds(SHORTEST, 4294.967_295);
const delay = seconds(0);
const warmup = keyword(delay, 'the first check comes at a random time up to this; default delay_loop');

/** Of virtual_server and real_server, for the checkers in them. */
export const CHECK_KEYWORDS = {
  delay_loop: keyword(delayLoop, 'delay_loop of the checkers'),
  connect_timeout: keyword(connectTimeout, 'connect_timeout of the checkers'),
  retry: keyword(integer(1, UINT_MAX), 'retry of the checkers'),
  delay_before_retry: keyword(delay, 'delay_before_retry of the checkers'),
  warmup: keyword(delay, 'warmup of the checkers'),
};

export const TCP_CHECK = {
  name: 'TCP_CHECK',
  keywords: {
    connect_ip: keyword(address(), "address to check; default the real server's"),
    connect_port: keyword(integer(1, 65_535), "port to check; default the real server's"),
    bindto: keyword(address(), 'source address of the check'),
    delay_loop: keyword(delayLoop, 'time between checks', { default: 60_000 }),
    connect_timeout: keyword(connectTimeout, 'a connection takes no longer', { default: 5000 }),
    retry: keyword(integer(0, UINT_MAX), 'further tries before a failed server is down', { default: 1 }),
    delay_before_retry: keyword(delay, 'time before such a try', { default: 1000 }),
    warmup,
    alpha: keyword(toggle, 'down until the first good check'),
  },
  others: CHECK_WORDS,
} as const satisfies Block;
