// `lvs-director ipvs` asks a running director, whose engine is its own, at its control socket: two whole
// programs.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNamespace, TestDirector } from './director.ts';

const BIN = fileURLToPath(new URL('../../bin/lvs-director', import.meta.url));
const directory = mkdtempSync(`${tmpdir()}/ipvs-`);
const namespace = { name: `lvsd-ipvs-${process.pid}`, remove: () => {} };
const configuration = (control: string) => `director {
    engine embedded
    runtime_directory ${directory}
    ipvs {
        expire_nodest_conn
        pmtu_disc off
        conntrack
    }
    ${control}
}
global_defs {
    lvs_timeouts tcp 450 udp 60
}
virtual_server 10.77.0.50 80 {
    lb_algo wrr
    lb_kind NAT
    protocol TCP
    persistence_timeout 60
    persistence_granularity 255.255.255.0
    real_server 10.77.0.21 8080 {
        weight 3
    }
    real_server 10.77.0.3 8080 {
    }
}
`;
let director: TestDirector;

beforeAll(async () => {
  Object.assign(namespace, makeNamespace(namespace.name));
  director = new TestDirector(namespace.name, configuration(''));
  await director.line({ event: 'control.listening' });
});
afterAll(async () => {
  await director.remove();
  namespace.remove();
  rmSync(directory, { recursive: true });
});

const usual = `${directory}/control.sock`;
function ipvs(words: string, control = usual): string {
  return execFileSync(BIN, ['ipvs', ...words.split(' '), '--control', control], { encoding: 'utf8' });
}

test('its table, in ipvsadm’s words', () => {
  const [version, ...table] = ipvs('-Ln').split('\n');
  expect(version).toMatch(/^IP Virtual Server version 1\.2\.1 \(size=\d+\)$/);
  expect(table).toEqual([
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    'TCP  10.77.0.50:80 wrr persistent 60 mask 255.255.255.0',
    '  -> 10.77.0.3:8080               Masq    1      0          0         ',
    '  -> 10.77.0.21:8080              Masq    3      0          0         ',
    '',
  ]);
  expect(ipvs('-Sn').split('\n')).toEqual([
    '-A -t 10.77.0.50:80 -s wrr -p 60 -M 255.255.255.0',
    '-a -t 10.77.0.50:80 -r 10.77.0.3:8080 -m -w 1',
    '-a -t 10.77.0.50:80 -r 10.77.0.21:8080 -m -w 3',
    '',
  ]);
  expect(ipvs('-L --timeout')).toBe('Timeout (tcp tcpfin udp): 450 120 60\n');
  expect(ipvs('-Lnc')).toMatch(/^IPVS connection entries\npro expire state {7}source .*\n$/);
});

test('settings that it has, and those that mean nothing to it', async () => {
  const { msg } = await director.line({ event: 'ipvs.settings' });
  expect(msg).toBe('net.ipv4.vs: expire_nodest_conn 0 → 1');
  const unset = await director.line({ event: 'ipvs.unset' });
  expect(unset.msg).toBe('the embedded engine has no conntrack, pmtu_disc: left out');
});

test('one service of it, and as JSON', () => {
  expect(ipvs('-Ln -t 10.77.0.50:http')).toBe(ipvs('-Ln').split('\n').slice(1).join('\n'));
  const { engine, services } = JSON.parse(ipvs('--json'));
  expect(engine).toBe('embedded');
  expect(services).toMatchObject([
    { address: '10.77.0.50', persistenceSeconds: 60, counters: { inBytes: 0 } },
  ]);
  const none = spawnSync(BIN, ['ipvs', '-t', '10.77.0.50:81', '--control', usual], { encoding: 'utf8' });
  expect(none).toMatchObject({ status: 1, stdout: '', stderr: 'No such service\n' });
});

test.each([
  ['-c --timeout', /conflicts with the 'connection' option/],
  ['-S -c', /Illegal 'connection' option with the 'save' command/],
  ['-t 10.0.0.1:nonsense', /illegal virtual server address:port specified/],
  ['-f 0', /invalid fwmark value/],
  ['--control /nowhere/x', /no director answers at \/nowhere\/x.*\n.*--control PATH/],
])('%s is told what is wrong with it', (words, says) => {
  const { status, stderr } = spawnSync(BIN, ['ipvs', ...words.split(' ')], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringMatching(says) });
});

test('a reload moves the socket, and a stop takes it away', async () => {
  const other = `${directory}/elsewhere.sock`;
  const from = director.lines.length;
  director.write(configuration(`control ${other}`));
  director.signal('SIGHUP');
  await director.line({ event: 'control.listening', path: other }, { from });
  expect(ipvs('-Sn', other)).toContain('-A -t 10.77.0.50:80');
  expect(existsSync(usual)).toBe(false);
  director.signal('SIGTERM');
  expect(await director.ended).toBe(0);
  expect(existsSync(other)).toBe(false);
});
