// Words about how the elector runs: when it begins, how the kernel is to treat it, how much is kept for it,
// and what it does when it ran late.
import { keyword, type More } from './block.ts';
import {
  INT_MAX,
  integer,
  many,
  nothing,
  oneOf,
  orBare,
  type Shape,
  seconds,
  text,
  toggle,
  UINT_MAX,
} from './shape.ts';

/** Seconds: keepalived keeps these times as microseconds in 32 bits. */
const LONGEST_DELAY = 4294.967295;
const delay = seconds(0.001, LONGEST_DELAY);
const highest = orBare(integer(1, 254), 254);

const policies = oneOf(['MTU', 'ADVERT'], true);
const receiveBuffers: Shape<'MTU' | 'ADVERT' | number> = {
  syntax: 'MTU|ADVERT|BYTES',
  json: { anyOf: [policies.json, integer(0, UINT_MAX).json] },
  example: 'MTU',
  read: (given) =>
    /^\d/.test(given.peek()?.text ?? '') ? integer(0, UINT_MAX).read(given) : policies.read(given),
};

const rttime = integer(1, UINT_MAX);
const HIGHEST_PRIORITY = 99;

export const GLOBAL_RUNNING_WORDS = {
  vrrp_priority: keyword(
    integer(-20, 19),
    'nice value of the elector, where it has no real-time priority: the thread that sends adverts',
  ),
  vrrp_cpu_affinity: keyword(many(integer(0, INT_MAX)), 'CPUs of the elector: the thread that sends adverts'),
  vrrp_rlimit_rttime: keyword(
    rttime,
    'microseconds of CPU time that the elector may take in one go with real-time priority: beyond it the ' +
      'kernel ends the director (SIGXCPU), and the peer takes over; default none',
  ),
  vrrp_rlimit_rtime: keyword(rttime, 'old name of vrrp_rlimit_rttime', { oldNameOf: 'vrrp_rlimit_rttime' }),
  max_auto_priority: keyword(
    orBare(integer(-1, HIGHEST_PRIORITY), HIGHEST_PRIORITY),
    'real-time priority up to which the elector raises its own, one by one, each time it is woken late; ' +
      'alone: 99; 0, the default, and -1: it does not',
  ),
  min_auto_priority_delay: keyword(
    integer(1, 10_000_000),
    'microseconds that are late for max_auto_priority',
    { default: 1_000_000 },
  ),
  vrrp_rx_bufs_policy: keyword(
    receiveBuffers,
    'receive buffer of advert sockets: so many MTUs, or adverts, for each instance, or so many bytes',
  ),
  vrrp_rx_bufs_multiplier: keyword(integer(1, UINT_MAX), 'how many of vrrp_rx_bufs_policy', { default: 3 }),
  vrrp_netlink_cmd_rcv_bufs: keyword(
    integer(0, UINT_MAX),
    'bytes of the receive buffer of the socket by which the elector changes addresses, routes and rules; ' +
      'default, and 0: 2 MiB',
  ),
  vrrp_netlink_cmd_rcv_bufs_force: keyword(toggle, 'vrrp_netlink_cmd_rcv_bufs may exceed rmem_max', {
    default: false,
  }),
  vrrp_netlink_monitor_rcv_bufs: keyword(
    integer(0, UINT_MAX),
    'bytes of the receive buffer of the socket by which the elector hears what becomes of interfaces and ' +
      'addresses; default, and 0: 2 MiB',
  ),
  vrrp_netlink_monitor_rcv_bufs_force: keyword(toggle, 'vrrp_netlink_monitor_rcv_bufs may exceed rmem_max', {
    default: false,
  }),
  vrrp_startup_delay: keyword(
    delay,
    'no instance begins before: nothing is sent, and nothing that is heard counts; not at a reload',
  ),
  vrrp_delay_after_boot: keyword(delay, 'the same from the boot of the system on; the later moment counts'),
} as const;

const bfdRttime = 'as vrrp_rlimit_rttime, while there are BFD sessions; the smaller of the two';
/** BFD runs in the elector. */
export const BFD_RUNNING_WORDS = {
  bfd_priority: keyword(
    integer(-20, 19),
    'as vrrp_priority, while there are BFD sessions: they are in the same thread; the lower of the two',
  ),
  bfd_rt_priority: keyword(
    integer(1, HIGHEST_PRIORITY),
    'as vrrp_rt_priority, while there are BFD sessions; the higher of the two',
  ),
  bfd_cpu_affinity: keyword(
    many(integer(0, INT_MAX)),
    'as vrrp_cpu_affinity, while there are BFD sessions, where that is not given',
  ),
  bfd_rlimit_rttime: keyword(rttime, bfdRttime),
  bfd_rlimit_rtime: keyword(rttime, 'old name of bfd_rlimit_rttime', { oldNameOf: 'bfd_rlimit_rttime' }),
} as const;

/** TASK_COMM_LEN without its zero byte. */
const LONGEST_NAME = 15;
const threadName: Shape<string> = {
  ...text,
  syntax: 'NAME',
  json: { type: ['string', 'number', 'boolean'], maxLength: LONGEST_NAME },
  example: 'director',
  read(given) {
    const word = given.take('a name');
    if (word === undefined) return undefined;
    const bytes = new TextEncoder().encode(word.text).length;
    return bytes <= LONGEST_NAME ? word.text : given.outside(word, `at most ${LONGEST_NAME} letters`);
  },
};
const processName = (what: string, more: More = {}) =>
  keyword(threadName, `what ps and /proc/PID/comm call ${what}`, more);
/** keepalived's processes are ours but for one: its VRRP and BFD children are one thread of the director. */
export const PROCESS_NAME_WORDS = {
  process_names: keyword(nothing, 'a name for each process and the elector; they have them in any case'),
  process_name: processName('the director; default lvs-director'),
  vrrp_process_name: processName('the elector, a thread of the director; default lvs-elector'),
  bfd_process_name: processName('the same thread where it has BFD sessions and no vrrp_process_name'),
  checker_process_name: processName('the balancer: checks, services, sync; default lvs-balancer'),
  lvs_process_name: processName('the balancer', { oldNameOf: 'checker_process_name' }),
} as const;

const locked = (what: string) =>
  keyword(nothing, `lock ${what} in memory`, {
    standing: 'otherwise',
    because: 'Node would end: set MemorySwapMax=0 in the unit, as examples/systemd does',
  });
const counted: More = {
  standing: 'otherwise',
  because: 'processes are counted in /proc each half second: there is no socket',
};
export const UNNEEDED_WORDS = {
  vrrp_no_swap: locked('the elector'),
  bfd_no_swap: locked('BFD, which is in the elector,'),
  checker_no_swap: locked('the balancer'),
  process_monitor_rcv_bufs: keyword(
    integer(0, UINT_MAX),
    'bytes of the buffer of the process connector',
    counted,
  ),
  process_monitor_rcv_bufs_force: keyword(toggle, 'process_monitor_rcv_bufs may exceed rmem_max', counted),
} as const;

export const RUNNING_WORDS = {
  kernel_rx_buf_size: keyword(
    integer(0, UINT_MAX),
    'bytes of the receive buffer of advert sockets, instead of vrrp_rx_bufs_policy',
  ),
  timer_expired_backup: keyword(
    highest,
    'BACKUP at once after having run so late that one of this priority has taken over; needs nopreempt; ' +
      'alone: 254. Not given: serves on while it listens whether somebody has',
  ),
  thread_timer_expired: keyword(highest, 'old name of timer_expired_backup', {
    oldNameOf: 'timer_expired_backup',
  }),
} as const;
