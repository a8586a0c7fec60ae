// The elector's reports in words. State changes keep keepalived's wording, so that existing log monitors
// go on working.
import type { Notice } from '../core/events.ts';
import type { ElectorReport, State } from '../vrrp/settings.ts';

type StateReport = Extract<ElectorReport, { type: 'state' }>;

export function stateNotice(report: StateReport): Notice {
  const { instance, from, to, reason, priority } = report;
  return {
    event: 'vrrp.state',
    message: `(${instance}) ${wording(from, to)}`,
    fields: { instance, from, to, reason, priority },
  };
}

export function groupNotice({ group, from, to }: Extract<ElectorReport, { type: 'group' }>): Notice {
  return {
    event: 'vrrp.group',
    message: `VRRP_Group(${group}) ${groupWording(to)}`,
    fields: { group, from, to },
  };
}

/** keepalived has no words for the other two. */
function groupWording(to: State): string {
  if (to === 'INIT') return 'Stopped';
  if (to === 'LEAVING') return 'Handing over';
  return `Syncing instances to ${to} state`;
}

function wording(from: State, to: State): string {
  switch (to) {
    case 'MASTER':
      return 'Entering MASTER STATE';
    case 'BACKUP':
      return from === 'INIT' ? 'Entering BACKUP STATE (init)' : 'Entering BACKUP STATE';
    case 'FAULT':
      return 'Entering FAULT STATE';
    case 'LEAVING':
      return 'sent 0 priority; serving until the new master is heard';
    case 'INIT':
      return 'Stopped';
  }
}
