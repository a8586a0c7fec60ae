// Metrics of a whole director, as Prometheus asks for them; by keepalived-exporter's names beside what a real
// keepalived with the same file says of itself.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ip, makeNamespace, TestDirector } from './director.ts';
import { scrape, valuesOf } from './scrape.ts';

const directory = mkdtempSync(join(tmpdir(), 'lvs-director-metrics-'));
const namespace = { name: `lvsd-metrics-${process.pid}`, remove: () => {} };
const ROUTER = `
global_defs {
    vrrp_version 3
}
vrrp_script chk {
    script "/bin/true"
    interval 1
    user root
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 0.2
    garp_master_delay 3
    virtual_ipaddress {
        10.77.0.50/24 dev eth0
        10.77.0.51
    }
    virtual_ipaddress_excluded {
        10.77.0.60/32
    }
    track_script {
        chk
    }
}
`;
const configuration = (web: string, more = '') => `${ROUTER}
virtual_server 10.77.0.50 80 {
    lb_kind NAT
    protocol TCP
    delay_loop 1
    real_server 10.77.0.1 8080 {
        weight 3
        TCP_CHECK {
            connect_timeout 1
            retry 0
        }
    }
    real_server 10.77.0.22 8080 {
    }
}
director {
    engine embedded
    runtime_directory ${directory}
    ${web}
    ${more}
}
`;
const FIRST = '127.0.0.1:9165';
const SECOND = '[::1]:9166';
let director: TestDirector;

beforeAll(async () => {
  Object.assign(namespace, makeNamespace(namespace.name));
  director = new TestDirector(namespace.name, configuration(`web ${FIRST}`));
  await director.line({ event: 'web.listening', place: FIRST });
  await director.line({ event: 'vrrp.state', to: 'MASTER' });
});
afterAll(async () => {
  await director.remove();
  namespace.remove();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (place = FIRST) => scrape(namespace.name, place);
async function until(name: string, value: number, place = FIRST): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const found = valuesOf(ask(place)).get(name);
    if (found === value) return;
    if (performance.now() > deadlineMs) throw new Error(`${name} is ${found}, not ${value}`);
    await wait(200);
  }
}

test('promtool, which Prometheus brings, finds nothing wrong with ours', () => {
  const [ours] = ask().split(/^# HELP process_/m);
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: ours!, encoding: 'utf8' });
  expect(checked.error).toBeUndefined();
  expect(`${checked.stdout}${checked.stderr}`).toBe('');
  expect(checked.status).toBe(0);
});

test('who is master, what is up, what forwards; and what becomes of a server that fails', async () => {
  const values = valuesOf(ask());
  expect(values.get('lvs_director_vrrp_state{vrrp_instance="VI_1",state="MASTER"}')).toBe(1);
  expect(values.get('lvs_director_vrrp_became_master_total{vrrp_instance="VI_1"}')).toBe(1);
  const service = 'service="TCP 10.77.0.50:80"';
  expect(values.get(`lvs_director_server_weight{${service},server="10.77.0.22:8080"}`)).toBe(1);
  expect(values.get('lvs_director_sync_state{state="off"}')).toBe(1);
  expect(values.get('lvs_director_engine_overruns_total{interface="eth0"}')).toBe(0);
  expect(values.get('process_open_fds')).toBeGreaterThan(5);
  // Nobody listens at that address's port: the check takes it out.
  await until(`lvs_director_server_up{${service},server="10.77.0.1:8080"}`, 0);
  const later = valuesOf(ask());
  expect(later.get(`lvs_director_service_servers_up{${service}}`)).toBe(1);
  expect(later.get(`lvs_director_service_servers{${service}}`)).toBe(2);
  expect(later.get('lvs_director_events_total{process="balancer",event="server.down"}')).toBe(1);
});

test('a file that is rejected is told of until a good one comes; `web` moves with a reload', async () => {
  const name = 'lvs_director_config_last_reload_successful';
  const before = valuesOf(ask()).get('lvs_director_config_last_reload_success_timestamp_seconds')!;
  director.write(configuration(`web ${FIRST}`, 'no_such_word'));
  director.signal('SIGHUP');
  await until(name, 0);
  const from = director.lines.length;
  director.write(configuration(`web ${SECOND}`, 'metrics {\n        keepalived_names off\n    }'));
  director.signal('SIGHUP');
  await director.line({ event: 'web.listening', place: SECOND }, { from });
  await until(name, 1, SECOND);
  const values = valuesOf(ask(SECOND));
  expect(values.get('lvs_director_config_last_reload_success_timestamp_seconds')).toBeGreaterThan(before);
  expect([...values.keys()].filter((key) => key.startsWith('keepalived_'))).toEqual([]);
  expect(() => ask(FIRST)).toThrow(/ECONNREFUSED/);
});

test('where somebody else listens: said once, tried again, and theirs when it is free', async () => {
  const place = '127.0.0.1:9167';
  const code = "require('node:net').createServer().listen(9167, '127.0.0.1', () => console.log('there'))";
  const other = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, '-e', code]);
  await new Promise((resolve) => other.stdout.once('data', resolve));
  const from = director.lines.length;
  director.write(configuration(`web ${place}`));
  director.signal('SIGHUP');
  const failed = await director.line({ event: 'web.failed' }, { from });
  expect(failed).toMatchObject({ place, reason: 'EADDRINUSE' });
  other.kill();
  await director.line({ event: 'web.listening', place }, { from });
  expect(director.lines.slice(from).filter(({ event }) => event === 'web.failed')).toHaveLength(1);
});

test('by keepalived-exporter’s names it tells what a real keepalived dumps', () => {
  const place = '127.0.0.1:9167';
  const ours = valuesOf(ask(place));
  const theirs = keepalivedsOwn();
  for (const [name, value] of theirs) expect(ours.get(name), name).toBe(value);
  expect(theirs.size).toBe(1 + 3 + 1 + 1 + 12);
});

/** As the exporter reads it: states and the delay from keepalived.data, counters from keepalived.stats. */
function keepalivedsOwn(): Map<string, number> {
  const { data, stats } = dumps();
  const router = 'iname="VI_1",intf="eth0",vrid="51"';
  const found = new Map<string, number>([['keepalived_up', 1]]);
  const state = ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(/^ {3}State = (\w+)/m.exec(data)![1]!);
  for (const [, section, lines] of data.matchAll(/^ {3}(Virtual IP.*):\n((?: {5}.*\n)+)/gm))
    for (const [, address, , intf] of lines!.matchAll(/^ {5}(\S+) (dev) (\S+)/gm)) {
      const name = section!.includes('Excluded') ? 'keepalived_vrrp_excluded_state' : 'keepalived_vrrp_state';
      found.set(`${name}{iname="VI_1",intf="${intf}",vrid="51",ip_address="${address}"}`, state);
    }
  const [, delay] = /^ {3}Gratuitous ARP delay = (\d+)/m.exec(data)!;
  found.set(`keepalived_gratuitous_arp_delay_total{${router}}`, Number(delay));
  const status = /^ {3}Status = (\w+)/m.exec(data)![1];
  found.set('keepalived_script_status{name="chk"}', Number(status === 'GOOD'));
  const numbers = (section: string) =>
    [...new RegExp(`^ {2}${section}:\\n((?: {4}.*\\n)+)`, 'm').exec(stats)![1]!.matchAll(/: (\d+)/g)].map(
      ([, number]) => Number(number),
    );
  const errors = ['packet_length', 'ip_ttl', 'invalid_type', 'advertisements_interval', 'address_list'];
  const kinds = ['invalid', 'mismatch', 'failure'];
  for (const [i, value] of numbers('Packet Errors').entries()) {
    const name = errors[i] === 'invalid_type' ? 'invalid_type_received' : `${errors[i]}_errors`;
    found.set(`keepalived_${name}_total{${router}}`, value);
  }
  for (const [i, value] of numbers('Authentication Errors').entries())
    found.set(`keepalived_authentication_${kinds[i]}_total{${router}}`, value);
  for (const [i, value] of numbers('Priority Zero').entries())
    found.set(`keepalived_priority_zero_${['received', 'sent'][i]}_total{${router}}`, value);
  const [, became] = /Became master: (\d+)/.exec(stats)!;
  found.set(`keepalived_become_master_total{${router}}`, Number(became));
  const [, released] = /Released master: (\d+)/.exec(stats)!;
  found.set(`keepalived_release_master_total{${router}}`, Number(released));
  return found;
}

/** It writes them into /tmp, so it gets one of its own; what it needs is in /run. */
function dumps(): { data: string; stats: string } {
  const own = makeNamespace(`${namespace.name}-ka`);
  const path = `/run/${own.name}`;
  writeFileSync(`${path}.conf`, ROUTER);
  const script = `mount -t tmpfs none /tmp
    keepalived -P -n -l -f "$1.conf" -p "$1.pid" -r "$1.vrrp" &
    until ip -o addr show dev eth0 | grep -q 10.77.0.60; do sleep 0.1; done
    kill -USR1 $(cat "$1.vrrp"); kill -USR2 $(cat "$1.vrrp")
    until grep -q Sent /tmp/keepalived.stats && grep -q Status /tmp/keepalived.data; do sleep 0.1; done
    kill $(cat "$1.pid"); wait
    cat /tmp/keepalived.data; echo =====; cat /tmp/keepalived.stats`;
  try {
    const said = ip('netns', 'exec', own.name, 'unshare', '-m', 'sh', '-c', script, 'sh', path);
    const [data = '', stats = ''] = said.toString().split('=====\n');
    return { data, stats };
  } finally {
    own.remove();
    for (const ending of ['conf', 'pid', 'vrrp']) rmSync(`${path}.${ending}`, { force: true });
  }
}
