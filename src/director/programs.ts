// Programs of the configuration as they are run: their words, and by whom.
import type { Configuration } from '../config/model.ts';
import type { Program } from '../config/model-notify.ts';

/** No user = the one who is the default. */
export type PlannedProgram = { argv: readonly string[]; user?: string; group?: string };

/** Who runs it follows from the command, or else from script_user: a group without its user means nothing. */
export function plannedProgram(program: Program, { notify }: Configuration['global']): PlannedProgram {
  const { user, group } = program.user === undefined ? (notify.scriptUser ?? program) : program;
  return { argv: program.argv, ...owner(user?.value, group?.value) };
}

export function owner(
  user: string | undefined,
  group: string | undefined,
): { user?: string; group?: string } {
  return { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
}

export function programName({ argv, user, group }: PlannedProgram): string {
  const words = argv.map((word) => (/^[^\s'"]+$/.test(word) ? word : `'${word}'`)).join(' ');
  const owner = [user, group].filter((word) => word !== undefined).join(' ');
  return owner === '' ? words : `${words} as ${owner}`;
}
