// Keeps plan.json equal to the plan in force. Nothing waits for it, and nothing depends on it: where it
// cannot be written the director goes on without, and says so once.
import { setTimeout as wait } from 'node:timers/promises';
import { planPath, removePlan, writePlan } from '../console/plan-file.ts';
import type { Notice } from '../core/events.ts';
import { VERSION } from '../core/version.ts';
import type { Plan } from '../director/plan-document.ts';
import { Trouble } from './trouble.ts';

/** A file system that does not answer must not keep a director from ending. */
const REMOVE_LIMIT_MS = 1_000;

export class PlanKeeper {
  readonly #directorPid: number;
  readonly #say: (notice: Notice) => void;
  #wanted: Plan | undefined;
  /** Where a plan of ours may be; that of a former balancer is the same director's. */
  #directory: string | undefined;
  readonly #trouble = new Trouble();
  #last: Promise<void> = Promise.resolve();

  constructor(directorPid: number, say: (notice: Notice) => void) {
    this.#directorPid = directorPid;
    this.#say = say;
  }

  /** Written in the background. Of plans that come while one is being written the newest counts. */
  keep(plan: Plan): void {
    this.#wanted = plan;
    this.#last = this.#last.then(() => this.#write());
  }

  /** Resolves when no plan of ours is left, or soon. */
  async remove(): Promise<void> {
    this.#wanted = undefined;
    const removed = this.#last.then(() => this.#removeFrom(this.#directory));
    await Promise.race([removed, wait(REMOVE_LIMIT_MS, undefined, { ref: false })]);
  }

  async #write(): Promise<void> {
    const plan = this.#wanted;
    if (plan === undefined) return;
    this.#wanted = undefined;
    const { runtimeDirectory } = plan.director;
    const before = this.#directory;
    this.#directory = runtimeDirectory;
    try {
      await writePlan(runtimeDirectory, { directorPid: this.#directorPid, version: VERSION, plan });
      this.#trouble.over();
    } catch (error) {
      // The one that is there is not in force any more: worse than none.
      await this.#removeFrom(runtimeDirectory);
      this.#complain(runtimeDirectory, error);
    }
    if (before !== runtimeDirectory) await this.#removeFrom(before);
  }

  async #removeFrom(directory: string | undefined): Promise<void> {
    if (directory !== undefined) await removePlan(directory, this.#directorPid);
  }

  #complain(directory: string, error: unknown): void {
    const news = this.#trouble.news(error);
    if (news === undefined) return;
    const path = planPath(directory);
    const message = `${path} is not written, so \`diff\` cannot compare with it: ${news.reason}`;
    this.#say({ event: 'plan.failed', message, fields: { directory, ...news } });
  }
}
