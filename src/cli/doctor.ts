// `lvs-director doctor -f FILE`: is this machine fit to be the director of the file? Looks; changes nothing.
import { DirectorError } from '../core/errors.ts';
import { examineDirector } from '../director/preflight/doctor.ts';
import { dutiesOf } from '../director/preflight/duties.ts';
import { worstOf } from '../director/preflight/finding.ts';
import { renderFindings, summary } from '../director/preflight/text.ts';
import { openRequests } from '../linux/preflight/host.ts';
import { readSystem } from '../linux/preflight/system.ts';
import { readForHere } from './read-file.ts';
import { failure, type Outcome, toJson } from './realserver.ts';

export type DoctorFlags = { useFile: readonly string[]; json: boolean; configId?: string };

/** 0 nothing is wrong, 1 something is, 2 nobody can tell, 4 the file cannot run. */
export function doctor(flags: DoctorFlags): Outcome {
  const read = readForHere(flags.useFile, flags);
  if (!read.ok) return failure(4, read.text, flags);
  const { duties } = dutiesOf(read.configuration);
  try {
    const requests = openRequests();
    const virtual = new Set(duties.map(({ vip }) => vip));
    const system = readSystem(
      requests,
      duties.map(({ server }) => server),
      virtual,
    );
    requests.close();
    const findings = examineDirector(read.configuration, system);
    const exitCode = worstOf(findings) === 'wrong' ? 1 : 0;
    if (flags.json) return { exitCode, output: toJson({ exitCode, kernel: system.kernel, findings }) };
    return { exitCode, output: `${renderFindings(findings, [])}${summary(findings)}` };
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    return failure(2, `error: ${error.message} [${error.code}]\n  = ${error.hint}\n`, flags);
  }
}
