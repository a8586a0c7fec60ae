// A director that is killed where virtual MACs, silent groups and promoted addresses made it change settings
// of the kernel: its balancer, which lives on for a moment, puts them back as they were.
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const CONFIGURATION = `
global_defs {
    disable_local_igmp
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.1
    use_vmac
    promote_secondaries
    virtual_ipaddress {
        10.77.0.50/24
    }
}
`;
/** By path under /proc/sys/net: what the machine's owner wants, and what the director makes of it. */
const SETTINGS: Readonly<Record<string, { before: string; meanwhile: string }>> = {
  'ipv4/conf/eth0/arp_ignore': { before: '2', meanwhile: '1' },
  'ipv4/conf/eth0/arp_filter': { before: '0', meanwhile: '1' },
  'ipv4/conf/eth0/rp_filter': { before: '0', meanwhile: '2' },
  'ipv4/conf/all/rp_filter': { before: '2', meanwhile: '0' },
  'ipv4/conf/eth0/promote_secondaries': { before: '0', meanwhile: '1' },
  'ipv4/igmp_link_local_mcast_reports': { before: '1', meanwhile: '0' },
};
const PATHS = Object.keys(SETTINGS);
const namespace = { name: `lvsd-kill-${process.pid}`, remove: () => {} };
let director: TestDirector;

beforeAll(() => Object.assign(namespace, makeNamespace(namespace.name)));
beforeEach(() => {
  for (const path of PATHS) inside('sh', '-c', `echo ${SETTINGS[path]!.before} > /proc/sys/net/${path}`);
});
afterAll(() => namespace.remove());
afterEach(() => director.remove());

function inside(...command: string[]): string {
  return execFileSync('ip', ['netns', 'exec', namespace.name, ...command], { encoding: 'utf8' });
}
function values(): string[] {
  return inside('cat', ...PATHS.map((path) => `/proc/sys/net/${path}`))
    .trim()
    .split('\n');
}
const wanted = (when: 'before' | 'meanwhile') => PATHS.map((path) => SETTINGS[path]![when]);

async function started(): Promise<void> {
  director = new TestDirector(namespace.name, CONFIGURATION);
  await director.line({ event: 'vrrp.state', msg: '(VI_1) Entering MASTER STATE' });
  expect(values()).toEqual(wanted('meanwhile'));
}
async function killed(): Promise<void> {
  director.signal('SIGKILL');
  await director.line({ event: 'balancer.guardian' });
  await director.ended;
  expect(values()).toEqual(wanted('before'));
}

test('its guardian puts them back', async () => {
  await started();
  await killed();
});

test('so does the guardian that took the place of one that died, too', async () => {
  await started();
  const before = director.lines.length;
  process.kill(director.balancerPid, 'SIGKILL');
  await director.line({ event: 'config.loaded' }, { from: before });
  await killed();
});
