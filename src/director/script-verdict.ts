// What the runs of a tracked script say: up or down, by rise and fall, as keepalived 2.2.7 counts (measured
// with scripts that end as a list says). Runs nothing. Words are keepalived's: log monitors look for them.
//
// One number counts: 0 to rise - 1 is down, rise to rise + fall - 1 is up. A success of a script that is up
// forgets all failures before, a failure of one that is down all successes. Before the first run one success
// is enough, and one failure, too.
import type { Notice } from '../core/events.ts';
import type { PlannedProgram } from './programs.ts';

export type ScriptSettings = {
  name: string;
  program: PlannedProgram;
  intervalMs: number;
  timeoutMs: number;
  rise: number;
  fall: number;
  /** Down, not unknown, before the first run. */
  initFail: boolean;
};
/** How a run ended. */
export type ScriptRun =
  | { how: 'exited'; status: number }
  | { how: 'killed'; signal: number }
  | { how: 'timedOut' }
  | { how: 'failed'; reason: string };
export type ScriptState = { count: number; verdict: 'up' | 'down' | 'unknown'; lastStatus: number };
type Limits = Pick<ScriptSettings, 'name' | 'rise' | 'fall'>;

export function startScript({ rise, initFail }: Pick<ScriptSettings, 'rise' | 'initFail'>): ScriptState {
  return { count: rise - 1, verdict: initFail ? 'down' : 'unknown', lastStatus: 0 };
}

/** After a reload that changed rise or fall: what it is it stays, with nothing counted against it. */
export function keepVerdict(state: ScriptState, { rise, fall }: Limits): ScriptState {
  if (state.verdict === 'unknown') return { ...state, count: rise - 1 };
  return { ...state, count: state.verdict === 'up' ? rise + fall - 1 : 0 };
}

export function stepScript(state: ScriptState, run: ScriptRun, own: Limits): [ScriptState, Notice[]] {
  const isGood = run.how === 'exited' && run.status === 0;
  const next: ScriptState = {
    ...(isGood ? succeed(state, own) : fail(state, own)),
    lastStatus: run.how === 'exited' ? run.status : state.lastStatus,
  };
  const notices: Notice[] = [];
  if (next.lastStatus !== state.lastStatus)
    notices.push({
      event: 'tracker.script',
      message: `Script \`${own.name}\` now returning ${next.lastStatus}`,
      fields: { script: own.name, status: next.lastStatus },
    });
  if (next.verdict !== state.verdict)
    notices.push({
      event: 'tracker.script',
      message: `VRRP_Script(${own.name}) ${isGood ? 'succeeded' : failure(run)}`,
      fields: { script: own.name, verdict: next.verdict },
    });
  return [next, notices];
}

function succeed(state: ScriptState, { rise, fall }: Limits): ScriptState {
  if (state.count < rise - 1) return { ...state, count: state.count + 1 };
  return { ...state, count: rise + fall - 1, verdict: 'up' };
}

function fail(state: ScriptState, { rise }: Limits): ScriptState {
  if (state.count > rise) return { ...state, count: state.count - 1 };
  return { ...state, count: 0, verdict: 'down' };
}

function failure(run: ScriptRun): string {
  switch (run.how) {
    case 'exited':
      return `failed (exited with status ${run.status})`;
    case 'killed':
      return `failed (due to signal ${run.signal})`;
    case 'timedOut':
      return 'timed_out';
    case 'failed':
      return `failed (could not be run: ${run.reason})`;
  }
}
