// Who is told of what: both halves of it, which a director plans apart (src/director/planner.ts).
import type { Configuration } from '../../src/config/model.ts';
import { type NotifyPlan, planTelling } from '../../src/director/notify.ts';
import { planServiceListeners } from '../../src/director/service-notify.ts';

export function planNotify(configuration: Configuration): NotifyPlan {
  return { ...planTelling(configuration), services: planServiceListeners(configuration) };
}
