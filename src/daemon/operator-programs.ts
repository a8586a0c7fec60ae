// Programs of the configuration, run as it says: by whom, if it is safe to, and with what is told in the
// log of how they ended.
import type { Notice } from '../core/events.ts';
import type { PlannedProgram } from '../director/programs.ts';
import { inspectScript } from '../linux/script-files.ts';
import { type Account, accountOf } from '../linux/scripts/accounts.ts';
import { type Outcome, Programs } from '../linux/scripts/programs.ts';

/** Of all kinds together. */
const MOST_AT_ONCE = 64;
const LINES_SHOWN = 10;
const ROOT = 0;

type Run = { timeoutMs?: number; signal?: AbortSignal };

export class OperatorPrograms {
  readonly #programs = new Programs(MOST_AT_ONCE);
  readonly #say: (notice: Notice) => void;

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  /** Never rejects: that it could not be run is an outcome, too. Looked at each time: files change. */
  async run(program: PlannedProgram, run: Run): Promise<Outcome> {
    const account = permitted(program);
    if (typeof account === 'string') return { how: 'failed', reason: account, output: '', ms: 0 };
    return this.#programs.run({ argv: program.argv, account, ...run });
  }

  /** Run, and how it ended is told. `fields` say on whose behalf. */
  async runAndTell(
    program: PlannedProgram,
    run: Run,
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Outcome> {
    const outcome = await this.run(program, run);
    const [isGood, how] = inWords(outcome);
    const output = outcome.output.split('\n').slice(0, LINES_SHOWN).join('\n');
    this.#say({
      event: isGood ? 'script.ended' : 'script.failed',
      message: `${program.argv.join(' ')} ${how}`,
      fields: { ...fields, argv: program.argv, ms: outcome.ms, ...(output === '' ? {} : { output }) },
    });
    return outcome;
  }

  /** What has not ended after `graceMs` is ended; nothing is started any more. */
  stop(graceMs: number): Promise<void> {
    return this.#programs.stop(graceMs);
  }
}

/** Who runs it, or why nobody may. */
export function permitted({ argv, user, group }: PlannedProgram): Account | string {
  const account = accountOf(user, group);
  if (account === undefined) return `there is no user ${[user, group].join(' ').trim()}`;
  const runsAs = account.uid === ROOT ? 'root' : (user ?? 'another');
  const fault = inspectScript({ program: argv[0] ?? '', user: runsAs });
  return fault === undefined ? account : `it ${fault.says}`;
}

function inWords(outcome: Outcome): [boolean, string] {
  switch (outcome.how) {
    case 'exited':
      return [outcome.status === 0, `exited with status ${outcome.status}`];
    case 'killed':
      return [false, `was ended by ${outcome.signal}`];
    case 'timedOut':
      return [false, 'took too long and was ended'];
    case 'failed':
      return [false, `could not be run: ${outcome.reason}`];
  }
}
