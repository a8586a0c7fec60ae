// Plans of one configuration after the other, as reloads bring them. What has nothing to do with virtual
// servers is planned again only where the configuration has other objects for it: reread.ts leaves them the
// same.
import type { Marks } from '../config/marks.ts';
import type { Configuration } from '../config/model.ts';
import type { ElectorSettings } from '../vrrp/settings.ts';
import { type NotifyPlan, planTelling } from './notify.ts';
import { planElector } from './plan.ts';
import { type Plan, planOthers, withServices } from './plan-document.ts';

export class Planner {
  readonly #others: (configuration: Configuration) => ReturnType<typeof planOthers>;
  readonly #telling = onceFor(planTelling);
  readonly #elector = onceFor((configuration) => planElector(configuration, 'kernel'));

  #marks: Marks | undefined;

  /** `salt`: what secrets are sealed with; `marks`: those that a former one had given. */
  constructor(salt: string, marks?: Marks) {
    this.#marks = marks;
    this.#others = onceFor((configuration) => planOthers(configuration, salt));
  }

  plan(configuration: Configuration): Plan {
    const plan = withServices(this.#others(configuration), configuration, this.#marks);
    this.#marks = plan.marks;
    return plan;
  }

  /** Here nothing is sealed. */
  elector(configuration: Configuration, addresses: ElectorSettings['addresses']): ElectorSettings {
    return { ...this.#elector(configuration), addresses };
  }

  /** … nor here; `services` as in the plan. */
  notify(configuration: Configuration, { services }: Pick<NotifyPlan, 'services'>): NotifyPlan {
    return { ...this.#telling(configuration), services };
  }
}

function onceFor<T>(plan: (configuration: Configuration) => T): (configuration: Configuration) => T {
  let last: { parts: Parts; planned: T } | undefined;
  return (configuration) => {
    const { virtualServers: _, ...parts } = configuration;
    if (last === undefined || !areSame(parts, last.parts)) last = { parts, planned: plan(configuration) };
    return last.planned;
  };
}

type Parts = Readonly<Record<string, unknown>>;

function areSame(parts: Parts, before: Parts): boolean {
  const names = new Set([...Object.keys(parts), ...Object.keys(before)]);
  return [...names].every((name) => parts[name] === before[name]);
}
