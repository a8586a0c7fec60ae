// The elector thread: waits in ppoll for an advert, a link event, a command or the next deadline, lets the
// pure elector decide, and does what it says. It has its own sockets and real-time priority, runs no event
// loop, and waits for nobody: what may take its time somebody else does (errands.ts).
import { type parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { Notice } from '../../core/events.ts';
import { NETLINK_ROUTE } from '../../netlink/route.ts';
import { createElector, type Elector, type Input, nextDeadlineMs, stepElector } from '../../vrrp/elector.ts';
import { filterFor } from '../../vrrp/filter.ts';
import { type Action, allVips } from '../../vrrp/instance.ts';
import { leaseSecondsFor } from '../../vrrp/lease.ts';
import { noteAction, openRecorder, type Recorder } from '../../vrrp/recorder.ts';
import { rehearseTakeover } from '../../vrrp/rehearsal.ts';
import type { ElectorReport, ElectorSettings, TrackerId, Verdict } from '../../vrrp/settings.ts';
import { virtualDevices } from '../../vrrp/virtual-device.ts';
import { monotonicMs, wallClockMs } from '../clock.ts';
import { read } from '../libc.ts';
import { NetlinkSocket } from '../netlink-socket.ts';
import { PollSet } from '../poll.ts';
import { FormerLedger } from '../sysctl.ts';
import { Addresses } from './addresses.ts';
import { AdvertSockets } from './advert-sockets.ts';
import { AnnouncementSocket, rehearseSend } from './announcement-socket.ts';
import { Bfd, type SessionVerdict } from './bfd.ts';
import { ClaimSockets } from './claim-sockets.ts';
import type { ThreadCommand, ThreadData, ThreadReport } from './elector.ts';
import { Errands } from './errands.ts';
import { Firewall } from './firewall.ts';
import { removeLeftovers } from './leftovers.ts';
import { Links } from './links.ts';
import { LocalGroups } from './local-groups.ts';
import { NetlinkBuffers } from './netlink-buffers.ts';
import { Promotion } from './promotion.ts';
import { Routing } from './routing.ts';
import { Scheduling } from './scheduling.ts';
import { Statics } from './statics.ts';
import { VirtualDevices } from './virtual-devices.ts';

const NS_PER_MS = 1e6;

type Port = NonNullable<typeof parentPort>;

export class ElectorThread {
  readonly #port: Port;
  readonly #data: ThreadData;
  readonly #startedMs = monotonicMs();
  readonly #recorder: Recorder;
  readonly #elector: Elector;
  readonly #requests = new NetlinkSocket(NETLINK_ROUTE);
  readonly #links = new Links(this.#requests);
  readonly #announcements = new AnnouncementSocket(this.#links);
  /** Of the kernel's settings. */
  readonly #former = new FormerLedger();
  readonly #errands: Errands;
  readonly #addresses: Addresses;
  readonly #devices = new VirtualDevices(this.#requests, this.#links, this.#former, (notice) =>
    this.#say(notice),
  );
  readonly #firewall = new Firewall((notice) => this.#say(notice));
  readonly #routing: Routing;
  readonly #promotion = new Promotion(this.#former);
  readonly #localGroups = new LocalGroups(this.#former);
  readonly #buffers = new NetlinkBuffers(
    { netlinkCommands: this.#requests, netlinkEvents: this.#links },
    (notice) => this.#say(notice),
  );
  readonly #scheduling = new Scheduling((notice) => this.#say(notice));
  readonly #poll = new PollSet();
  readonly #adverts = new AdvertSockets(this.#poll, this.#links, (notice) => this.#say(notice));
  readonly #claims = new ClaimSockets(this.#poll, this.#links);
  readonly #bfd = new Bfd(
    this.#poll,
    (verdict) => this.#onSession(verdict),
    (notice) => this.#say(notice),
  );
  readonly #statics = new Statics(
    this.#requests,
    this.#links,
    (name, verdict) => this.#onVerdict({ kind: 'track_group', name }, verdict),
    (notice) => this.#say(notice),
  );
  readonly #bellSlot: number;
  readonly #linksSlot: number;
  /** Who has deadlines beside the elector. */
  readonly #others = [this.#bfd, this.#statics];
  readonly #rung = Buffer.alloc(8);
  /** Of the last turn or step: of thousands of addresses each is told, and the clock may be a system call. */
  #nowMs = this.#startedMs;
  #configured = false;
  #stopped = false;

  constructor(port: Port, data: ThreadData) {
    this.#port = port;
    this.#data = data;
    this.#recorder = openRecorder(data.recorder);
    this.#errands = new Errands(data.errands, this.#requests, (errand) => this.#post(errand));
    const say = (notice: Notice) => this.#say(notice);
    this.#addresses = new Addresses(this.#requests, this.#links, say, this.#errands);
    this.#routing = new Routing(this.#requests, this.#links, say, this.#errands);
    this.#elector = createElector(this.#recorder);
    this.#bellSlot = this.#poll.add(data.bell);
    this.#linksSlot = this.#poll.add(this.#links.fd);
    for (const name of this.#links.names()) this.#feedLink(name);
  }

  run(): void {
    while (!this.#stopped && Atomics.load(this.#data.leave, 0) === 0) {
      const untilMs = Math.min(
        nextDeadlineMs(this.#elector),
        ...this.#others.map((other) => other.nextDeadlineMs),
      );
      const restMs = this.#addresses.isAdding ? 0 : untilMs - monotonicMs();
      this.#poll.wait(restMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(restMs * NS_PER_MS)));
      this.#nowMs = monotonicMs();
      const wasLate = this.#scheduling.noteLate(this.#nowMs - untilMs);
      // What was said in time counts before our own deadlines do, even if we are late to hear it.
      if (this.#poll.ready(this.#linksSlot)) this.#readLinks();
      for (const packet of this.#adverts.receive()) this.#feed(packet);
      for (const claimed of this.#claims.receive()) this.#feed({ type: 'claim', ...claimed });
      for (const other of this.#others) other.step(monotonicMs());
      // Before the elector goes on with announcing them.
      this.#addresses.step();
      if (this.#poll.ready(this.#bellSlot)) this.#readCommands();
      const dueMs = nextDeadlineMs(this.#elector);
      // Stopped in the middle of its work, it is late as well.
      if (!wasLate) this.#scheduling.noteLate(monotonicMs() - dueMs);
      if (dueMs <= monotonicMs()) this.#feed({ type: 'wake' });
      this.#errands.flush();
      const former = this.#former.news();
      if (former !== undefined) this.#report({ type: 'sysctls', former });
    }
    this.#close();
  }

  /** What is left to do when something went wrong that should not. */
  abandon(): void {
    const { settings, instances } = this.#elector;
    const masters = [...instances.values()].filter(({ holdsVips }) => holdsVips).map(({ own }) => own.name);
    this.#close();
    removeLeftovers(settings, masters, this.#former.former);
  }

  #feed(input: Input): void {
    this.#nowMs = monotonicMs();
    for (const action of stepElector(this.#elector, input, this.#nowMs, wallClockMs())) this.#perform(action);
  }
  #feedLink(name: string): void {
    const link = this.#devices.isForeign(name) ? undefined : this.#links.electorLink(name);
    this.#feed({ type: 'link', interface: name, link });
  }

  #perform(action: Action): void {
    noteAction(this.#recorder, action, this.#nowMs);
    switch (action.do) {
      case 'send':
        return this.#adverts.send(action.interface, action.packet, action.to);
      case 'addVips':
        return this.#addresses.keep(action.vips);
      case 'removeVips':
        return this.#addresses.remove(action.vips);
      case 'addRouting':
        // A route may have one of the addresses as its source.
        while (this.#addresses.isAdding) this.#addresses.step();
        return void this.#routing.add(action.routing);
      case 'removeRouting':
        return this.#routing.remove(action.routing);
      case 'announce':
        // An engine announces by itself, when it is ready to receive what the announcement brings.
        if (this.#elector.settings.addresses === 'engine') return;
        this.#addresses.hasten(action.vips);
        return this.#announcements.announce(action.vips);
      case 'ask':
        return this.#claims.ask(action.question);
      case 'keepDevices':
        return this.#devices.keep(action.devices);
      case 'report':
        if (action.report.type === 'stopped') this.#stopped = true;
        return this.#report(action.report);
    }
  }

  #onSession({ name, state }: SessionVerdict): void {
    this.#onVerdict({ kind: 'bfd', name }, state === 'up' ? 'up' : 'down');
  }
  #onVerdict(tracker: TrackerId, verdict: Verdict): void {
    this.#feed({ type: 'command', command: { type: 'tracker', tracker, verdict } });
  }

  #readLinks(): void {
    const { changed, gone } = this.#links.read();
    for (const name of changed) this.#feedLink(name);
    for (const { interface: name, address } of gone) {
      this.#feed({ type: 'vipGone', interface: name, address });
      this.#statics.noteGone(name, address);
    }
    this.#adverts.keep(this.#elector);
  }

  #readCommands(): void {
    read(this.#data.bell, this.#rung);
    for (;;) {
      const message = receiveMessageOnPort(this.#port);
      if (message === undefined) return;
      this.#obey(message.message as ThreadCommand);
    }
  }

  #obey(command: ThreadCommand): void {
    if (command.type === 'errandDone') return this.#errands.noteDone(command);
    if (command.type === 'configure') {
      this.#addresses.leaseSeconds = leaseSecondsFor(command.settings);
      this.#scheduling.follow(command.settings);
      this.#buffers.follow(command.settings);
      this.#firewall.keep(filterFor(command.settings));
      this.#claims.listenFor(command.settings.instances.flatMap(allVips).map(({ address }) => address));
      // Instances would else begin without a link, in FAULT.
      this.#devices.add(virtualDevices(command.settings.instances));
      this.#readLinks();
      // Before those who track them: they would else begin with a verdict that is not known.
      this.#bfd.configure(command.settings.bfd ?? [], monotonicMs());
      this.#statics.configure(command.settings.statics, monotonicMs());
      this.#promotion.follow(command.settings.instances);
      this.#localGroups.follow(command.settings.silencesLocalGroups ?? false);
    }
    this.#feed({ type: 'command', command });
    this.#adverts.keep(this.#elector);
    if (command.type !== 'configure' || this.#configured) return;
    this.#configured = true;
    this.#rehearse(command.settings);
    const startedMs = monotonicMs() - this.#startedMs;
    this.#report({ type: 'running', realtime: this.#scheduling.isRealtime, startedMs });
  }

  /**
   * As far as it goes without touching anything. Measured in the lab, from the end of the wait to the first
   * announcement: 17 ms without it, 4 ms with it (keepalived 1.5 ms).
   */
  #rehearse(settings: ElectorSettings): void {
    for (const action of rehearseTakeover(settings, this.#elector.links)) {
      if (action.do === 'send') rehearseSend(action.packet, action.to);
      else if (action.do === 'addVips') this.#addresses.requestsFor(action.vips);
      else if (action.do === 'announce') this.#announcements.rehearse(action.vips);
    }
  }

  #say(notice: Notice): void {
    this.#perform({ do: 'report', report: { type: 'notice', notice } });
  }
  #report(report: ElectorReport): void {
    this.#post(report);
  }
  #post(report: ThreadReport): void {
    this.#port.postMessage(report);
  }
  #close(): void {
    this.#errands.finish();
    this.#promotion.follow([]);
    this.#localGroups.follow(false);
    this.#adverts.close();
    this.#bfd.close(monotonicMs());
    this.#statics.removeAll();
    this.#announcements.close();
    this.#claims.close();
    this.#firewall.close();
    this.#links.close();
    this.#requests.close();
  }
}
