// How the kernel treats the thread that this runs in, and the process it is a part of: name, real-time
// priority, nice value, CPUs, the limit of real-time CPU time. What is refused is told, and left as it is.
// Memory is not locked: V8 gives pages back by madvise, which the kernel refuses of locked ones, and ends:
// docs/decisions/0013-no-swap.md.
import type { Notice } from '../../core/events.ts';
import { raisedPriority, type Urgency } from '../../vrrp/lateness.ts';
import type { ElectorSettings } from '../../vrrp/settings.ts';
import { SCHED, SystemCallError, schedSetscheduler } from '../libc.ts';
import { NAMES, nameThread, threadsNamed } from '../thread-name.ts';
import { getCpus, setCpus, setNice, setRealtimeLimit } from './process-calls.ts';

/** The least of real-time priorities. */
const LEAST_PRIORITY = 1;
/** Longer than one function is compiled, on a slow machine. */
const COMPILING_US = 500_000;
const NEVER: Urgency = { mostPriority: 0, lateMs: Number.POSITIVE_INFINITY };

export class Scheduling {
  readonly #say: (notice: Notice) => void;
  /** As they were before the first word about them. */
  readonly #original: { cpus?: Uint8Array; limitUs?: bigint } = {};
  #asked: Required<Pick<ElectorSettings, 'realtimePriority'>> & Pick<ElectorSettings, 'scheduling'> = {
    realtimePriority: 0,
  };
  #priority = 0;
  #helpersPriority = 0;
  #urgency = NEVER;

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  get isRealtime(): boolean {
    return this.#priority > 0;
  }

  follow({ realtimePriority, scheduling = {} }: ElectorSettings): void {
    const before = this.#asked.scheduling ?? {};
    const isOther = (name: keyof typeof scheduling) =>
      JSON.stringify(scheduling[name]) !== JSON.stringify(before[name]);
    this.#urgency = scheduling.urgency ?? NEVER;
    if (isOther('threadName')) nameThread(scheduling.threadName ?? NAMES.elector);
    if (isOther('nice')) this.#try('the nice value', () => setNice(scheduling.nice ?? 0));
    if (isOther('cpus')) this.#try('the CPUs', () => this.#keepTo(scheduling.cpus));
    // Before the priority that it limits.
    if (isOther('rttimeUs')) this.#try('the real-time limit', () => this.#limit(scheduling.rttimeUs));
    const wasRaised = this.#priority > this.#asked.realtimePriority;
    if (
      realtimePriority !== this.#asked.realtimePriority &&
      !(wasRaised && realtimePriority < this.#priority)
    )
      this.#schedule(realtimePriority);
    this.#asked = { realtimePriority, scheduling };
    this.#bringHelpers();
  }

  /** What is due now was due so long ago. Whether that is so late that something was tried. */
  noteLate(lateMs: number): boolean {
    const priority = raisedPriority(this.#priority, lateMs, this.#urgency);
    if (priority === undefined) return false;
    const message = `the elector was woken ${Math.round(lateMs)} ms late: real-time priority ${priority}`;
    if (this.#schedule(priority)) {
      this.#bringHelpers();
      this.#say({ event: 'scheduling.raised', message, fields: { priority } });
    }
    // Asked again each time it is late, what is refused would fill the log.
    else this.#urgency = NEVER;
    return true;
  }

  #schedule(priority: number): boolean {
    try {
      schedSetscheduler(priority > 0 ? SCHED.RR : SCHED.OTHER, priority);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      const message = `no real-time priority (${error.errno}): adverts may be late under load`;
      const hint = 'give the process CAP_SYS_NICE, or set vrrp_rt_priority 0';
      this.#say({ event: 'scheduling.denied', message, fields: { errno: error.errno, hint } });
      return false;
    }
    this.#priority = priority;
    const message = `the elector runs with SCHED_RR priority ${priority}`;
    if (priority > 0) this.#say({ event: 'scheduling.realtime', message });
    return true;
  }

  /**
   * V8 has other threads compile what is hot, and whoever wakes them waits until those that were woken before
   * have had a processor (pthread_cond_signal of glibc before 2.41): up to 12 ms beside busy processors. So
   * they go before what is not real-time, and after the elector. A limit of real-time CPU time counts for
   * each thread, and compiling may take longer.
   */
  #bringHelpers(): void {
    const { rttimeUs = Number.POSITIVE_INFINITY } = this.#asked.scheduling ?? {};
    const wanted = this.#priority > LEAST_PRIORITY && rttimeUs >= COMPILING_US ? LEAST_PRIORITY : 0;
    if (wanted === this.#helpersPriority) return;
    this.#helpersPriority = wanted;
    const policy = wanted > 0 ? SCHED.RR : SCHED.OTHER;
    this.#try('the priority of the helpers', () => {
      for (const thread of threadsNamed('V8Worker')) schedSetscheduler(policy, wanted, thread);
    });
  }

  #keepTo(cpus: readonly number[] | undefined): void {
    this.#original.cpus ??= getCpus();
    setCpus(cpus ?? this.#original.cpus);
  }
  #limit(microseconds: number | undefined): void {
    const wanted = microseconds === undefined ? this.#original.limitUs : BigInt(microseconds);
    if (wanted === undefined) return;
    const before = setRealtimeLimit(wanted);
    this.#original.limitUs ??= before;
  }

  #try(what: string, change: () => void): void {
    try {
      change();
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      const message = `${what} of the elector could not be set: ${error.errno}`;
      this.#say({ event: 'scheduling.refused', message, fields: { errno: error.errno } });
    }
  }
}
