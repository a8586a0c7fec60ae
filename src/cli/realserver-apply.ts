// `realserver apply` and `remove`: does what findings bring, writes down what was before, and gives it back.
import { readFileSync, rmSync } from 'node:fs';
import { writeRuntimeFile } from '../console/state-files.ts';
import { DirectorError } from '../core/errors.ts';
import { type Applied, decodeApplied, encodeApplied } from '../director/preflight/applied.ts';
import type { Duty } from '../director/preflight/duties.ts';
import { examineServer } from '../director/preflight/examine.ts';
import { type Finding, stepsOf, worstOf } from '../director/preflight/finding.ts';
import { type KeyedStep, mergeSteps, stepName, stepsToUndo, undoName } from '../director/preflight/steps.ts';
import { renderFindings, summary } from '../director/preflight/text.ts';
import { readHost } from '../linux/preflight/host.ts';
import { Performer, undoAll } from '../linux/preflight/perform.ts';
import { type Outcome, type Task, toJson, unnamed } from './realserver.ts';

type Line = { step: string; result: 'done' | 'failed' | 'left' | 'planned'; why?: string };
type Report = { lines: readonly Line[]; findings: readonly Finding[] };

/** What was done may bring to light what else there is to do, once or twice. */
const MOST_ROUNDS = 3;

/** `duties`: those of this machine. */
export async function applyServer(task: Task, duties: readonly Duty[]): Promise<Outcome> {
  const { flags, gateways, requests, statePath } = task;
  const lines: Line[] = [];
  let host = task.host;
  for (let round = 0; ; round++) {
    const findings = examineServer(duties, host, { gateways });
    const applied = readApplied(statePath);
    const undo = stepsToUndo(applied, new Set(findings.map(({ key }) => key)));
    const steps = stepsOf(findings);
    if (flags.dryRun) return report(task, duties, { lines: planned(undo, steps), findings });
    const isOver = steps.length + undo.length === 0 || round === MOST_ROUNDS;
    if (isOver || lines.some(({ result }) => result === 'failed'))
      return report(task, duties, { lines, findings });
    lines.push(...(await carryOut(task, applied, { undo, steps })));
    host = readHost(requests);
  }
}

async function carryOut(
  { requests, statePath }: Task,
  applied: readonly KeyedStep[],
  { undo, steps }: { undo: readonly KeyedStep[]; steps: readonly KeyedStep[] },
): Promise<Line[]> {
  // Before anything is done: whoever is killed on the way has left word of all that he may have done.
  await writeApplied(statePath, mergeSteps(applied, steps));
  const performer = new Performer(requests);
  const { lines: undone, failed } = undoAll(performer, undo);
  const done: KeyedStep[] = [];
  const lines = steps.map((keyed, index): Line => {
    const step = stepName(keyed.step);
    // The order matters: an address must not be there while ARP is answered for it.
    if (done.length < index) return { step, result: 'left', why: 'not done after that' };
    const result = performer.do(keyed.step);
    if (result.ok) done.push(keyed);
    return result.ok ? { step, result: 'done' } : { step, result: 'failed', why: result.why };
  });
  const kept = applied.filter((keyed) => !undo.includes(keyed) || failed.includes(keyed));
  await writeApplied(statePath, mergeSteps(kept, done));
  return [...undone, ...lines];
}

export async function removeServer({ flags, requests, statePath }: Task): Promise<Outcome> {
  const applied = readApplied(statePath).toReversed();
  const { json, dryRun } = flags;
  const say = (lines: readonly Line[], exitCode: 0 | 1): Outcome => {
    if (json) return { exitCode, output: toJson({ exitCode, dryRun, steps: lines }) };
    const nothing = 'nothing to give back: `realserver apply` has changed nothing here\n';
    return { exitCode, output: lines.length === 0 ? nothing : lines.map(renderLine).join('') };
  };
  if (applied.length === 0) return say([], 0);
  if (dryRun) return say(planned(applied, []), 0);
  const { lines, failed } = undoAll(new Performer(requests), applied);
  if (failed.length > 0) await writeApplied(statePath, failed.toReversed());
  else rmSync(statePath, { force: true });
  return say(lines, failed.length > 0 ? 1 : 0);
}

function report({ flags, duties: all }: Task, duties: readonly Duty[], found: Report): Outcome {
  const { lines } = found;
  const findings = [...unnamed(all, duties[0]!.server), ...found.findings];
  const failed = lines.some(({ result }) => result === 'failed');
  const { json, dryRun } = flags;
  const exitCode = failed || (!dryRun && worstOf(findings) === 'wrong') ? 1 : 0;
  if (json) return { exitCode, output: toJson({ exitCode, dryRun, steps: lines, findings }) };
  if (dryRun) {
    const nothing = 'nothing to change\n';
    return { exitCode, output: lines.length === 0 ? nothing : lines.map(renderLine).join('') };
  }
  const rest = findings.filter(({ level }) => level !== 'ok');
  const changes = lines.length === 0 ? 'nothing to change\n' : lines.map(renderLine).join('');
  const left = rest.length === 0 ? '' : `\n${renderFindings(rest, duties)}`;
  return { exitCode, output: `${changes}${left}${summary(findings)}` };
}

function planned(undo: readonly KeyedStep[], steps: readonly KeyedStep[]): Line[] {
  const names = [...undo.map(({ step }) => undoName(step)), ...steps.map(({ step }) => stepName(step))];
  return names.map((step) => ({ step, result: 'planned' }));
}

function renderLine({ step, result, why }: Line): string {
  const head = result === 'planned' ? '' : `${result.padEnd(6)} `;
  return `${head}${step}${why === undefined ? '' : `: ${why}`}\n`;
}

function readApplied(path: string): readonly KeyedStep[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new DirectorError('STATE_FILE', `cannot read ${path}: ${code ?? String(error)}`);
  }
  const applied = decodeApplied(text);
  if (applied === undefined) throw new DirectorError('STATE_FILE', `${path} is not of this version`);
  return applied.bootId === bootId() ? applied.steps : [];
}

async function writeApplied(path: string, steps: readonly KeyedStep[]): Promise<void> {
  const applied: Applied = { bootId: bootId(), steps };
  try {
    await writeRuntimeFile(path, encodeApplied(applied));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof DirectorError || code === undefined) throw error;
    throw new DirectorError('STATE_FILE', `cannot write ${path}, so nothing is done: ${code}`);
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
