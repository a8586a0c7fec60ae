// Which of the elector's reports the balancer has to know of, and in which form.
import type { Notice } from '../core/events.ts';
import type { ElectorReport } from '../vrrp/settings.ts';
import type { ToBalancer } from './messages.ts';

export function forwarded(report: ElectorReport): ToBalancer | undefined {
  switch (report.type) {
    case 'state':
      return { type: 'state', instance: report.instance, state: report.to, priority: report.priority };
    case 'group':
      return { type: 'group', group: report.group, state: report.to };
    case 'sysctls':
      return { type: 'sysctls', former: report.former };
    case 'notice':
      return ofNotice(report.notice);
    default:
      return undefined;
  }
}

function ofNotice({ event, fields = {} }: Notice): ToBalancer | undefined {
  const instance = String(fields.instance);
  if (event === 'vrrp.priority') return { type: 'priority', instance, priority: Number(fields.to) };
  if (event === 'vrrp.advert.lower') return { type: 'heardLower', instance, priority: Number(fields.ours) };
  return undefined;
}
