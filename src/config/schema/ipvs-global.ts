// Words of global_defs about the whole of IPVS: its timeouts, and when its table is cleared.
import { keyword } from './block.ts';
import { options } from './options.ts';
import { integer, nothing, oneOf, orBare, type Shape } from './shape.ts';

/** <linux/ip_vs.h>: timeouts are whole seconds; keepalived.conf(5) allows up to 31 days. */
const LONGEST_TIMEOUT = 86_400 * 31;

/** 0 leaves what the kernel has. */
const timeout = integer(0, LONGEST_TIMEOUT);
const anyTimeouts = options({
  tcp: keyword(timeout, 'of established TCP connections'),
  tcpfin: keyword(timeout, 'of TCP connections after a FIN'),
  udp: keyword(timeout, 'of UDP'),
});
const timeouts: Shape<ReturnType<typeof anyTimeouts.read> & object> = {
  ...anyTimeouts,
  read(given) {
    if (given.peek() !== undefined) return anyTimeouts.read(given);
    return given.complain('CFG_MISSING', given.lastTaken.at, `${given.subject} needs at least one of them`);
  },
};

const flush = orBare(oneOf(['VS']), 'all' as const);

export const IPVS_GLOBAL_WORDS = {
  lvs_timeouts: keyword(
    timeouts,
    'seconds after which idle connections are forgotten; the old ones come back at the end',
  ),
  lvs_flush: keyword(nothing, 'clear the whole IPVS table at the start, whoever made it'),
  lvs_flush_on_stop: keyword(
    flush,
    'clear the whole IPVS table at the end; VS = our own services, as without it',
  ),
  lvs_flush_onstop: keyword(flush, 'old name of lvs_flush_on_stop', { oldNameOf: 'lvs_flush_on_stop' }),
};
