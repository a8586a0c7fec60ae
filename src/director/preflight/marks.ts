// Firewall marks. The embedded engine hears a frame where rules of prerouting have not seen it, and never
// will, because to the kernel's stack a virtual router's MAC is somebody else's; those of groups it gives
// itself, and the kernel needs nf_tables for them.
import { allotMarks } from '../../config/marks.ts';
import type { Configuration } from '../../config/model.ts';
import { hasMarks, serviceName } from '../../config/selects.ts';
import type { System } from './doctor.ts';
import type { Finding } from './finding.ts';
import { isAtLeast, say } from './settings.ts';

/** SO_RCVMARK. */
const HEARD = { major: 5, minor: 19 } as const;

export function examineMarks({ virtualServers, instances }: Configuration, { kernel }: System): Finding[] {
  const [first, ...others] = virtualServers.filter(({ selects }) => hasMarks(selects));
  if (first === undefined) return [];
  const name = `${serviceName(first)}${others.length === 0 ? '' : ` and ${others.length} more`}`;
  if (!isAtLeast(kernel, HEARD))
    return [
      say(
        'DIR_MARKS',
        'wrong',
        `${name}: the embedded engine hears firewall marks from Linux 5.19 on (${kernel})`,
        'a newer kernel, or one with ip_vs',
      ),
    ];
  const devices = [...new Set(instances.map((instance) => instance.interface.value))].join(', ');
  const chain = `type filter hook ingress devices = { ${devices} } priority 0;`;
  return [
    say(
      'DIR_MARKS',
      'warning',
      `${name}: the embedded engine hears marks of nft's netdev ingress and tc's ingress, not of prerouting`,
      `table netdev lvs { chain marks { ${chain} … meta mark set … } }`,
    ),
  ];
}

/** Of nftables_ipvs, with the kernel's IPVS. */
export function examineGroups(configuration: Configuration, { module }: Pick<System, 'module'>): Finding[] {
  const groups = Object.keys(allotMarks(configuration)?.of ?? {});
  if (groups.length === 0 || module('nf_tables') !== 'missing') return [];
  return [
    say(
      'DIR_MARKS',
      'warning',
      `the kernel has no nf_tables: each address of ${groups.join(', ')} will be a service of its own`,
      'a kernel with nf_tables, or no nftables_ipvs',
    ),
  ];
}
