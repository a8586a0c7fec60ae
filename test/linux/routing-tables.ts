// One instance as a file has it, for ours and for a live keepalived, and the routes and rules that the kernel
// then shows.
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { readNames } from '../../src/linux/routing-names.ts';
import type { ElectorSettings } from '../../src/vrrp/settings.ts';
import { DEVICE, type Pair, type Side } from './elector-pair.ts';

/** Each alone: with another vrid they do not hear each other. */
export function file(vrid: number, blocks: string): string {
  const head = `state MASTER\ninterface ${DEVICE}\nvirtual_router_id ${vrid}\npriority 200\nadvert_int 0.1`;
  return `vrrp_instance V {\nversion 3\n${head}\n${blocks}}\n`;
}

export function planOf(text: string): ElectorSettings {
  const { configuration } = readConfiguration([{ name: 'file', text }], { readNames });
  return { ...planElector(configuration!, 'kernel'), leaseSeconds: 0 };
}

/** But for what the kernel adds for addresses itself. */
export function routesOf(pair: Pair, side: Side): string[] {
  const all = ['-4', '-6'].flatMap((family) =>
    JSON.parse(pair.ip(side, '-d', '-j', family, 'route', 'show', 'table', 'all')),
  );
  return all.flatMap((route) => (route.protocol === 'keepalived' ? [JSON.stringify(route)] : [])).sort();
}

/** But for those that every machine has. */
export function rulesOf(pair: Pair, side: Side): string[] {
  const all = ['-4', '-6'].flatMap((family) =>
    JSON.parse(pair.ip(side, '-d', '-j', family, 'rule')).map((rule: object) =>
      JSON.stringify({ family, ...rule }),
    ),
  );
  return all.filter((rule) => !rule.includes('"protocol":"kernel"')).sort();
}
