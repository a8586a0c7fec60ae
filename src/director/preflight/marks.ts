// Firewall marks and the embedded engine: it hears a frame where rules of prerouting have not seen it, and
// never will, because to the kernel's stack a virtual router's MAC is somebody else's.
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
