// `expire_templates`: while a server is drained that way the kernel sends persistent clients of servers with
// weight 0 elsewhere. It has one setting for all of its services; what was there before comes back.
import type { Notice } from '../core/events.ts';
import { readSysctl, writeSysctl } from '../linux/sysctl.ts';
import { Trouble } from './trouble.ts';

const SETTING = 'ipv4/vs/expire_quiescent_template';

export class QuiescentTemplates {
  readonly #say: (notice: Notice) => void;
  readonly #trouble = new Trouble();
  /** As it was; undefined = it is as it was. */
  #former: string | undefined;

  constructor(say: (notice: Notice) => void) {
    this.#say = say;
  }

  get former(): string | undefined {
    return this.#former;
  }

  /** What a former balancer found there. */
  adopt(former: string): void {
    this.#former = former;
  }

  /** A data plane that is not the kernel's has no such setting: then there is nothing to do. */
  expire(wanted: boolean): void {
    if (wanted === (this.#former !== undefined)) return;
    const before = readSysctl(SETTING);
    if (before === undefined) return;
    const value = wanted ? '1' : this.#former!;
    this.#former = wanted ? before : undefined;
    const why = before === value ? undefined : writeSysctl(SETTING, value);
    if (why === undefined) return this.#trouble.over();
    if (this.#trouble.news(new Error(why)) === undefined) return;
    const message = `net.ipv4.vs.expire_quiescent_template cannot be set to ${value}: ${why}`;
    this.#say({ event: 'weights.failed', message, fields: { reason: why } });
  }
}
