// Runs the scripts that instances track, each in its own beat, and tells of what they say. What that is, is
// src/director/script-verdict.ts's business.
import { constants } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import {
  keepVerdict,
  type ScriptRun,
  type ScriptSettings,
  type ScriptState,
  startScript,
  stepScript,
} from '../director/script-verdict.ts';
import type { Outcome } from '../linux/scripts/programs.ts';
import type { TrackerId, Verdict } from '../vrrp/settings.ts';
import { type OperatorPrograms, permitted } from './operator-programs.ts';

/** setInterval takes a longer time for 1 ms. */
const TIMER_MOST_MS = 0x7fff_ffff;

type Edges = {
  programs: OperatorPrograms;
  tell: (tracker: TrackerId, verdict: Verdict) => void;
  say: (notice: Notice) => void;
};
type Watched = {
  settings: ScriptSettings;
  state: ScriptState;
  timer: NodeJS.Timeout;
  /** Aborted when it is watched no more. */
  gone: AbortController;
  isRunning: boolean;
};

export class TrackScripts {
  readonly #edges: Edges;
  readonly #watched = new Map<string, Watched>();

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  /**
   * What is known of each is told before it returns; what did not change goes on. Answers with the names of
   * those that cannot be run, or must not be: as in keepalived nobody tracks them.
   */
  configure(all: readonly ScriptSettings[]): ReadonlySet<string> {
    const unfit = new Set(all.filter((settings) => this.#isUnfit(settings)).map(({ name }) => name));
    const scripts = all.filter(({ name }) => !unfit.has(name));
    const named = new Map(scripts.map((settings) => [settings.name, settings]));
    for (const [name, watched] of this.#watched) {
      const settings = named.get(name);
      if (settings === undefined) this.#forget(name, watched);
      else if (!isDeepStrictEqual(settings, watched.settings)) {
        this.#forget(name, watched);
        this.#watch(settings, keepVerdict(watched.state, settings));
      }
    }
    for (const settings of scripts)
      if (!this.#watched.has(settings.name)) this.#watch(settings, startScript(settings));
    for (const { settings, state } of this.#watched.values())
      if (state.verdict !== 'unknown')
        this.#edges.tell({ kind: 'script', name: settings.name }, state.verdict);
    return unfit;
  }

  /** Of keepalived's two words for it: one that has not answered yet is not good. */
  list(): { name: string; isGood: boolean; isRunning: boolean }[] {
    return [...this.#watched.values()].map(({ settings: { name }, state: { verdict }, isRunning }) => ({
      name,
      isGood: verdict === 'up',
      isRunning,
    }));
  }

  /** What runs is left to whoever ends all programs. */
  stop(): void {
    for (const { timer } of this.#watched.values()) clearInterval(timer);
    this.#watched.clear();
  }

  #isUnfit({ name, program }: ScriptSettings): boolean {
    const account = permitted(program);
    if (typeof account !== 'string') return false;
    const message = `nobody tracks the script ${name}: ${account}`;
    this.#edges.say({ event: 'tracker.failed', message, fields: { kind: 'script', name } });
    return true;
  }

  #watch(settings: ScriptSettings, state: ScriptState): void {
    const timer = setInterval(() => void this.#run(watched), Math.min(TIMER_MOST_MS, settings.intervalMs));
    const watched: Watched = { settings, state, timer, gone: new AbortController(), isRunning: false };
    this.#watched.set(settings.name, watched);
    void this.#run(watched);
  }

  #forget(name: string, { timer, gone }: Watched): void {
    clearInterval(timer);
    gone.abort();
    this.#watched.delete(name);
  }

  async #run(watched: Watched): Promise<void> {
    const { settings, gone } = watched;
    // The next beat comes: keepalived leaves the run out, too.
    if (watched.isRunning) return;
    watched.isRunning = true;
    const { program, timeoutMs } = settings;
    const outcome = await this.#edges.programs.run(program, { timeoutMs, signal: gone.signal });
    watched.isRunning = false;
    if (this.#watched.get(settings.name) !== watched) return;
    const before = watched.state;
    const [state, notices] = stepScript(before, meaning(outcome), settings);
    watched.state = state;
    const { output, ms } = outcome;
    for (const notice of notices)
      this.#edges.say({ ...notice, fields: { ...notice.fields, ms, ...(output === '' ? {} : { output }) } });
    if (state.verdict !== before.verdict)
      this.#edges.tell({ kind: 'script', name: settings.name }, state.verdict);
  }
}

function meaning(outcome: Outcome): ScriptRun {
  if (outcome.how !== 'killed') return outcome;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return { how: 'killed', signal: numbers[outcome.signal] ?? 0 };
}
