// When the flight recorder is read: a moment after a transition, so that what followed is in it, and not
// again soon after; what happens in between is in the next one. In the director process, whose main thread
// copies the elector's memory without the elector noticing; the balancer writes the files.
import type { Recording } from '../console/recording.ts';
import { monotonicMs, wallClockMs } from '../linux/clock.ts';
import type { RecorderCopy } from '../vrrp/recorder.ts';
import type { ElectorReport } from '../vrrp/settings.ts';

const AFTER_MS = 1_000;
const EACH_MS = 10_000;
/** With hundreds of instances; the events have them all. */
const REASONS_MAX = 20;

type Edges = { copy: () => RecorderCopy; send: (recording: Recording) => void };

export class FlightRecorder {
  readonly #edges: Edges;
  #because: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  /** The first state says nothing of what was before. */
  onState({ instance, from, to, reason }: Extract<ElectorReport, { type: 'state' }>): void {
    if (from === 'INIT') return;
    if (this.#because.length < REASONS_MAX) this.#because.push(`${instance}: ${from} → ${to} (${reason})`);
    const nowMs = monotonicMs();
    const delayMs = Math.max(AFTER_MS, this.#notBeforeMs - nowMs);
    this.#timer ??= setTimeout(() => this.flush(), delayMs);
  }

  /** Whether or not something happened. */
  record(reason: string): void {
    this.#because.push(reason);
    this.flush();
  }

  /** What waits is read now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#because.length === 0) return;
    const nowMs = monotonicMs();
    this.#notBeforeMs = nowMs + EACH_MS;
    const because = this.#because;
    this.#because = [];
    this.#edges.send({ ...this.#edges.copy(), monotonicMs: nowMs, wallMs: wallClockMs(), because });
  }
}
