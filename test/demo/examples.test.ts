// keepalived itself reads our examples: whoever copies one can go back to it.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);

/** keepalived looks for the interfaces that a file names: a private network has them. */
const IN_A_NETWORK_OF_ITS_OWN = `
ip link add eth0 type veth peer name eth1
ip addr add "$1"/24 dev eth0
ip link set eth0 up
ip link set eth1 up
exec keepalived -t -f "$0"
`;

test.each(globSync('*/[ab].conf', { cwd: EXAMPLES }))('keepalived accepts %s', (file) => {
  const own = file.endsWith('a.conf') ? '10.0.0.11' : '10.0.0.12';
  const script = ['sh', '-c', IN_A_NETWORK_OF_ITS_OWN, `${EXAMPLES}/${file}`, own];
  const words = ['--user', '--map-root-user', '--net', '--mount', ...script];
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8', env: { ...process.env, PATH } });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('the marks of the fwmark pair are rules that the kernel takes, for either engine', () => {
  const guide = readFileSync(`${EXAMPLES}/README.md`, 'utf8');
  const commands = guide.split('\n').filter((line) => line.startsWith('    nft '));
  expect(commands).toHaveLength(6);
  const link = 'ip link add eth0 type veth peer name eth1';
  const script = ['set -e', link, ...commands, 'nft list ruleset'].join('\n');
  const words = ['--user', '--map-root-user', '--net', 'sh', '-c', script];
  const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', env: { ...process.env, PATH } });
  expect(stderr).toBe('');
  const rule = 'ip daddr 10.0.0.50 tcp dport { 80, 443 } meta mark set 0x00000001';
  const [, inRouting, inIngress] = stdout.split(/^table /m);
  expect(inRouting).toMatch(/^ip lvs .*hook prerouting/s);
  expect(inIngress).toMatch(/^netdev lvs .*hook ingress device "?eth0/s);
  for (const table of [inRouting, inIngress]) expect(table).toContain(rule);
  for (const name of ['a.conf', 'b.conf']) {
    const file = readFileSync(`${EXAMPLES}/fwmark/${name}`, 'utf8');
    for (const command of commands.filter((each) => each.includes('ip lvs')))
      expect(file).toContain(command.trim());
    expect(file).toContain(/'\{ type filter hook ingress .*\}'/.exec(guide)![0]);
  }
});
