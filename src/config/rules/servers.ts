// `servers { … }` of director, against the virtual servers it is about.
import type { Span } from '../../core/diagnostic.ts';
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';
import { serviceName } from '../selects.ts';
import { policyFor, selectsSame, sharesByWeight } from '../server-policy.ts';

export function checkExceptions({ director, virtualServers }: Configuration, report: Report): void {
  for (const { at, selects } of director.servers.exceptions) {
    if (virtualServers.some((service) => selectsSame(selects, service.selects))) continue;
    report.add('CFG_REFERENCE', at, 'there is no such virtual_server', 'as its own block begins');
  }
}

export function checkSlowStarts({ director, virtualServers }: Configuration, report: Report): void {
  const vain = new Map<Span, string[]>();
  for (const service of virtualServers) {
    const { slowStartMs } = policyFor(service, director.servers);
    if (slowStartMs.value === 0 || sharesByWeight(service.scheduler.value)) continue;
    const names = vain.get(slowStartMs.at) ?? [];
    names.push(`${serviceName(service)} (${service.scheduler.value})`);
    vain.set(slowStartMs.at, names);
  }
  for (const [at, [first, ...others]] of vain) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const message = `slow_start does nothing for ${first}${more}`;
    report.add('CFG_REDUNDANT', at, message, 'its scheduler does not go by weights; wlc and wrr do');
  }
}
