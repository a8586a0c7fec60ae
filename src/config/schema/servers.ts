// The block `servers { … }` of director: how real servers come into service and leave it.
import { type Block, keyword, opens } from './block.ts';
import { serviceHead } from './endpoints.ts';
import { seconds, toggle } from './shape.ts';

/** 7 days: whoever waits longer wants `weight 0` in the file. */
const LONGEST = 604_800;

const slowStart = seconds(0, 86_400);
const deadline = seconds(1, LONGEST);

/** Of one virtual server: what is not said is as for all. */
const EXCEPTION = {
  name: 'virtual_server of servers',
  keywords: {
    slow_start: keyword(slowStart, 'as slow_start of all, for this virtual server'),
    drain_removed: keyword(toggle, 'as drain_removed of all, for this virtual server'),
    drain_deadline: keyword(deadline, 'as drain_deadline of all, for this virtual server'),
    expire_templates: keyword(toggle, 'as expire_templates of all, for this virtual server'),
  },
} as const satisfies Block;

export const SERVERS = {
  name: 'servers',
  keywords: {
    slow_start: keyword(
      slowStart,
      'seconds in which a server that comes back, or is new, grows from a twentieth of its weight to all; ' +
        '0 = it has all of it at once',
      { default: 0 },
    ),
    drain_removed: keyword(
      toggle,
      'a server that leaves the file keeps its connections, with weight 0, until there is none or ' +
        'drain_deadline is over',
      { default: true },
    ),
    drain_deadline: keyword(deadline, 'seconds after which a server that is drained goes in any case', {
      default: 300_000,
    }),
    expire_templates: keyword(
      toggle,
      'persistent clients get another server while theirs is drained (net.ipv4.vs.expire_quiescent_template)',
      { default: false },
    ),
    virtual_server: opens(serviceHead, 'otherwise for this one', EXCEPTION),
  },
} as const satisfies Block;
