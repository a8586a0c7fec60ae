// What `servers { … }` of director says of one virtual server, and which schedulers start a server slowly.
import type {
  ExceptionSelects,
  Selects,
  ServerPolicy,
  ServersSetting,
  VirtualServer,
} from './model-services.ts';

/** Those that give each server its share by weight. To `fo` and `ovf` a weight is something else. */
const SHARING = new Set(['wrr', 'wlc', 'lblc', 'lblcr', 'sed', 'nq', 'mh', 'twos']);

export function sharesByWeight(scheduler: string): boolean {
  return SHARING.has(scheduler);
}

export function selectsSame(exception: ExceptionSelects, selects: Selects): boolean {
  switch (selects.by) {
    case 'address':
      return (
        'address' in exception &&
        exception.address === selects.address.value &&
        exception.port === selects.port.value
      );
    case 'mark':
      return 'mark' in exception && exception.mark === selects.mark.value;
    case 'group':
      return 'group' in exception && exception.group === selects.group.value;
  }
}

/** Of several exceptions for one virtual server the last word counts. */
export function policyFor({ selects }: VirtualServer, servers: ServersSetting): ServerPolicy {
  const { exceptions, ...policy } = servers;
  for (const { at: _, selects: selected, ...own } of exceptions)
    if (selectsSame(selected, selects)) Object.assign(policy, own);
  return policy;
}
