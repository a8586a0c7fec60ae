// Runs something that may never come back. Costs a thread each time: for the few inputs that are looked at
// closely.
import { runInNewContext } from 'node:vm';

export type Failure = {
  /** What two runs have to have in common to be the same failure. */
  kind: string;
  message: string;
};

/** Undefined when all went well. */
export function failureOf(run: () => void, limitMs: number): Failure | undefined {
  try {
    // V8 stops whatever runs when the time is over, also outside of the context.
    runInNewContext('run()', { run }, { timeout: limitMs });
    return undefined;
  } catch (error) {
    return describeFailure(error);
  }
}

export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: 'thrown', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return { kind: 'hang', message: error.message };
  return { kind: `${error.name} ${error.message.slice(0, 20)}`, message: error.stack ?? error.message };
}
