// The catalogue of events: every log line's `event` field is a key of this table, and other people's
// monitors rely on it. docs/events.md is generated from it (tools/events.ts). Names are never reused with
// another meaning.

export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
type Entry = { level: Level; means: string };

export const EVENTS = {
  'director.start': { level: 'info', means: 'the director process has started' },
  'director.ready': { level: 'info', means: 'configuration is read and the elector runs' },
  'director.stop': { level: 'info', means: 'a planned stop begins (TERM, INT)' },
  'director.stopped': { level: 'info', means: 'everything of ours is removed; the process ends' },
  'director.failed': {
    level: 'fatal',
    means: 'the director cannot go on; the message says why and what to do',
  },
  'config.rejected': {
    level: 'error',
    means: 'the configuration has errors; a running director keeps the old one',
  },
  'config.diagnostic': { level: 'warn', means: 'one diagnostic of the configuration' },
  'config.loaded': { level: 'info', means: 'a configuration was read and is in force' },
  'config.unchanged': { level: 'info', means: 'a reload found nothing to change' },
  'state.written': { level: 'info', means: 'USR1: the whole state was written to the runtime directory' },
  'state.failed': { level: 'error', means: 'USR1: the state could not be written' },
  'recording.written': {
    level: 'info',
    means: 'the flight recorder was written to `json` and `pcapng`, `because` of transitions or USR1',
  },
  'recording.failed': { level: 'warn', means: 'the flight recorder could not be written; said once' },
  'plan.failed': {
    level: 'warn',
    means: 'the plan in force could not be written, so `diff` has nothing to compare with; said once',
  },
  'control.listening': { level: 'info', means: 'the control socket `path` answers questions' },
  'control.failed': {
    level: 'warn',
    means: 'there is no control socket; the message says why; said once, and tried again',
  },
  'web.listening': { level: 'info', means: 'metrics are told at `web`' },
  'web.failed': {
    level: 'warn',
    means: 'no metrics are told; the message says why; said once, and tried again',
  },
  'balancer.started': { level: 'info', means: 'the balancer child runs' },
  'balancer.lost': { level: 'error', means: 'the balancer child ended; it is started again' },
  'balancer.guardian': { level: 'error', means: 'the director died; the balancer removes what it left' },
  'scheduling.realtime': { level: 'info', means: 'the elector runs with real-time priority' },
  'scheduling.denied': { level: 'warn', means: 'no real-time priority: adverts may be late under load' },
  'scheduling.raised': {
    level: 'warn',
    means: 'the elector was woken late, and asked for a higher real-time priority (max_auto_priority)',
  },
  'scheduling.refused': {
    level: 'warn',
    means: 'the kernel refuses what a word about the elector asks for: nice value, CPUs, limit',
  },
  'netlink.buffer': {
    level: 'warn',
    means: 'the kernel gives a netlink socket less room than the file says; `bytes`, `asked`',
  },
  'vrrp.state': { level: 'info', means: 'an instance changed state; `from`, `to`, `reason`' },
  'vrrp.delayed': {
    level: 'info',
    means: 'no instance begins yet; `ms`, of vrrp_startup_delay or after the boot',
  },
  'vrrp.group': {
    level: 'info',
    means: 'the instances of a sync group changed state; `group`, `from`, `to`',
  },
  'vrrp.advert.dropped': {
    level: 'warn',
    means: 'an advert was dropped; `reason` says why (first of its kind, then rate limited)',
  },
  'vrrp.advert.odd': {
    level: 'warn',
    means: 'an advert counts, but its sender is configured differently; `oddity` says how',
  },
  'vrrp.advert.unknown': {
    level: 'info',
    means: 'an advert of a virtual router that is not configured (log_unknown_vrids); once a minute for each',
  },
  'vrrp.advert.lower': {
    level: 'warn',
    means: 'a master heard an advert of lower priority: two masters for a moment',
  },
  'vrrp.dual': {
    level: 'warn',
    means:
      'there were two masters: `other`, `adverts` of it and the `ms` they span, how it `ended`, `atMostMs`',
  },
  'bfd.socket.refused': {
    level: 'error',
    means: 'BFD has not its port or its source address (`errno`); its sessions are down and it tries again',
  },
  'bfd.socket.opened': { level: 'info', means: 'BFD got the port or the source address that it was refused' },
  'vrrp.clock.skew': {
    level: 'warn',
    means:
      "a peer's clock and ours differ by more than half of time_window, beyond which adverts do not count",
  },
  'vrrp.priority': { level: 'info', means: 'the effective priority changed' },
  'vrrp.preempt.waits': {
    level: 'info',
    means: 'a better backup waits until it knows the connections of the master; `from`, `waitMs` at most',
  },
  'vrrp.preempt.synced': { level: 'info', means: 'it knows them, and preempts' },
  'vrrp.preempt.unsynced': {
    level: 'warn',
    means:
      'the longest wait is over: it preempts without knowing all; connections that it does not know break',
  },
  'vrrp.handover': { level: 'info', means: 'a planned handover: step, milliseconds' },
  'vip.added': { level: 'info', means: 'a virtual address was added' },
  'vip.removed': { level: 'info', means: 'a virtual address was removed' },
  'vip.failed': { level: 'error', means: 'a virtual address could not be added or removed' },
  'vmac.added': { level: 'info', means: 'an interface of use_vmac or use_ipvlan was made, or taken over' },
  'vmac.removed': { level: 'info', means: 'an interface of use_vmac or use_ipvlan was removed' },
  'vmac.failed': {
    level: 'error',
    means: 'an interface with a virtual MAC, or a kernel setting for it, could not be made',
  },
  'filter.failed': {
    level: 'error',
    means: 'the packet filter (no_accept, silent interfaces) could not be made; the message says more',
  },
  'route.added': { level: 'info', means: 'a route was added' },
  'route.removed': { level: 'info', means: 'a route was removed' },
  'route.restored': { level: 'warn', means: 'somebody else removed a route; it was put back' },
  'rule.added': { level: 'info', means: 'a policy rule was added' },
  'rule.removed': { level: 'info', means: 'a policy rule was removed' },
  'rule.restored': { level: 'warn', means: 'somebody else removed a policy rule; it was put back' },
  'rule.failed': { level: 'error', means: 'a policy rule could not be added; the message says why' },
  'route.failed': { level: 'error', means: 'a route could not be added; the message says why' },
  'vip.restored': {
    level: 'warn',
    means: 'somebody else removed a virtual address while MASTER; it was put back at once',
  },
  'vip.claimed': {
    level: 'warn',
    means: 'somebody else has a virtual address while MASTER; the link was told where ours are',
  },
  'vip.duplicate': {
    level: 'warn',
    means:
      'somebody who is no master that is heard has a virtual address, before we are MASTER; `vip`, `mac`',
  },
  'vip.unclaimed': {
    level: 'info',
    means: 'whoever had a virtual address as well has it no more; the link was told again where ours are',
  },
  'vip.contested': {
    level: 'error',
    means: 'somebody removes a virtual address again and again; it is put back at a slower pace',
  },
  'link.down': { level: 'warn', means: 'a tracked interface lost its link' },
  'vrrp.advert.full': {
    level: 'warn',
    means: 'more addresses than an advert has room for: the last ones move along without being advertised',
  },
  'link.delayed': {
    level: 'info',
    means: 'an interface changed, which counts only if it lasts (`interface_up_down_delays`)',
  },
  'link.up': { level: 'info', means: 'a tracked interface has its link again' },
  'tracker.changed': { level: 'info', means: 'a tracked file or process is not what it was; `verdict`' },
  'tracker.failed': {
    level: 'warn',
    means: 'a tracked file could not be initialised, or a script must not be run',
  },
  'drill.begun': { level: 'info', means: 'a failover drill begins' },
  'drill.report': { level: 'info', means: 'what the drill measured, or what a backup would do' },
  'drill.refused': {
    level: 'warn',
    means: 'a drill is already running, or the peer knows too few of the connections; `why`',
  },
  'handover.uncovered': {
    level: 'warn',
    means: 'a planned stop hands over `connections` of which the peer knows `covered` only; the others break',
  },
  'tracker.script': {
    level: 'info',
    means: 'a tracked script ends with another `status` than before, or its `verdict` is another: up or down',
  },
  'script.ended': { level: 'info', means: 'a program of the configuration was run; `argv`, `output`, `ms`' },
  'script.failed': {
    level: 'warn',
    means: 'a program of the configuration failed, took too long or could not be run; the message says why',
  },
  'pipe.failed': {
    level: 'warn',
    means: 'a named pipe for events cannot be written to, or lost lines because nobody read it (`lost`)',
  },
  'webhook.failed': {
    level: 'warn',
    means: 'a webhook did not take an event; `why`, and whether it is tried again',
  },
  'mail.failed': {
    level: 'warn',
    means: 'the relay did not take a mail, or not for everybody; `why`, and whether it is tried again',
  },
  'ipvs.engine': { level: 'info', means: 'which data plane forwards: kernel or embedded' },
  'ipvs.applied': { level: 'info', means: 'commands were sent to the data plane; how many and how long' },
  'ipvs.adopted': { level: 'info', means: 'services already in the table were taken over' },
  'ipvs.refused': {
    level: 'error',
    means: 'the data plane cannot have a service or a server of one, which is left out; `reason`',
  },
  'ipvs.timeouts': { level: 'info', means: 'after how long idle connections are forgotten was changed' },
  'ipvs.settings': {
    level: 'info',
    means: 'settings of the whole of IPVS (net.ipv4.vs) were changed as the file says, or are as they were',
  },
  'ipvs.unset': {
    level: 'warn',
    means: 'settings that the file names are not there, or cannot be changed; `hint`',
  },
  'ipvs.flushed': {
    level: 'warn',
    means: 'the whole table was cleared at the start or the end, as the file asks',
  },
  'ipvs.repaired': {
    level: 'warn',
    means: 'somebody else had changed services or sync threads of ours: they were put back; `repairs` counts',
  },
  'ipvs.contested': {
    level: 'error',
    means: 'somebody else goes on changing services of ours: they are put back a few times only',
  },
  'marks.applied': {
    level: 'info',
    means: 'packets to groups get their firewall marks; how many ranges came and went',
  },
  'marks.removed': { level: 'info', means: 'no packet is marked any more' },
  'marks.failed': {
    level: 'error',
    means: 'no packet can be marked (`why`): each address of a group is a service of its own',
  },
  'marks.repaired': {
    level: 'warn',
    means: 'somebody else had changed the rules that mark packets: they were put back; `repairs` counts',
  },
  'marks.contested': {
    level: 'error',
    means: 'somebody else goes on changing the rules that mark packets: put back a few times only',
  },
  'marks.differ': {
    level: 'warn',
    means: 'a director started with this file would give groups other marks than those that are kept here',
  },
  'ipvs.failed': { level: 'error', means: 'the data plane refused a command' },
  'server.up': { level: 'info', means: 'a real server passed its checks and is in service' },
  'server.down': { level: 'warn', means: 'a real server failed its checks and was taken out' },
  'service.up': { level: 'info', means: 'a virtual server has a live real server again' },
  'service.down': { level: 'error', means: 'a virtual server has no live real server' },
  'drain.begun': {
    level: 'info',
    means: 'a real server gets no new connections and keeps those it has; `because`: a command, or removed',
  },
  'drain.progress': {
    level: 'info',
    means: 'how many connections a server that is drained still has; each 10 s',
  },
  'drain.ended': {
    level: 'info',
    means: 'a drained server is out of the table; `ms`, and how many connections the deadline `cut`',
  },
  'weights.failed': {
    level: 'warn',
    means:
      'what servers go through could not be written down or read, so a restart does not know it; or the ' +
      'kernel refuses what a drain needs; said once',
  },
  'slowstart.begun': { level: 'info', means: 'a real server grows to its weight, within `overMs`' },
  'slowstart.ended': { level: 'info', means: 'a real server has grown to all of its weight' },
  'server.ordered': {
    level: 'info',
    means: 'the operator said what a real server is to do: ready, maint or weight',
  },
  'server.told': {
    level: 'info',
    means:
      'an order given on the other director holds here, too; `from`, `order`, `isConfigured`: in the file',
  },
  'check.passed': {
    level: 'info',
    means: 'the first good probe of a check, or the first after it was down',
  },
  'check.failed': {
    level: 'info',
    means: 'one probe failed; `reason`, `tries`; `last`: the check is down now',
  },
  'check.impossible': {
    level: 'warn',
    means: 'a probe could not be made here (`reason`), so it says nothing of the server',
  },
  'sync.daemon': { level: 'info', means: 'a kernel sync thread was started or stopped' },
  'sync.stream': { level: 'info', means: 'the embedded engine sends or receives connections' },
  'sync.settings': {
    level: 'info',
    means:
      "the kernel's settings for sync, as they are now; `before`: what they were; or one that it refused",
  },
  'sync.unguarded': {
    level: 'warn',
    means:
      'users of this machine can tell its kernel of connections: the packet filter was refused (`reason`)',
  },
  'sync.impossible': {
    level: 'error',
    means:
      'the connections of the engine cannot be reached on this machine: there is no sync by `sync { … }`',
  },
  'sync.found': {
    level: 'info',
    means: "connections were found in the kernel's table by looking; `entries`, `ms`, `isWhole`",
  },
  'sync.missed': {
    level: 'warn',
    means: "`datagrams` of the kernel's sync thread came to nobody; its table is looked through for them",
  },
  'sync.dropped': { level: 'warn', means: 'a sync datagram was dropped; `reason` says why (rate limited)' },
  'sync.peer': {
    level: 'info',
    means:
      "the peer's balancer is connected; `engine`, `from`: what is known already, 0 = a full copy follows",
  },
  'sync.progress': {
    level: 'info',
    means:
      'each 2 s while full copies are under way: `in` and `out` with `entries`, `of` how many, `complete`',
  },
  'sync.complete': {
    level: 'info',
    means: 'one side knows all that the other knows; `direction`: out (the peer does) or in, `entries`, `ms`',
  },
  'sync.lost': { level: 'warn', means: "the connection to the peer's balancer is lost; `reason`" },
  'sync.refused': {
    level: 'warn',
    means:
      'a connection for sync was refused; `reason`; the first of its kind until the two are connected, or ' +
      'a reload; the rest are counted',
  },
  'sync.certificate': {
    level: 'warn',
    means:
      'the certificate shown to the peer, or its authority, expires in less than 14 `days` (negative: it ' +
      'has), `expires`; said at start, at each reload and once a day',
  },
  'sync.link.failed': { level: 'error', means: 'nobody can connect for sync (`reason`); it tries again' },
  'log.dropped': { level: 'warn', means: 'lines of this log were dropped, because nobody read them in time' },
} as const satisfies Record<string, Entry>;
export type EventName = keyof typeof EVENTS;
/**
 * What pure code says when something is worth a log line; an edge prints it. `message` is for people,
 * fields for machines.
 */
export type Notice = { event: EventName; message: string; fields?: Readonly<Record<string, unknown>> };
