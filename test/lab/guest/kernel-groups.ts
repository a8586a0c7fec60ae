// Part of kernel-plane.ts: groups that are services by firewall mark (`nftables_ipvs`). This kernel has no
// nf_tables: so what a director does then, and tc in the place of its rules, with the marks of the same plan.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readConfiguration } from '../../../src/config/read.ts';
import { ALL_UP, desiredTable } from '../../../src/director/health.ts';
import { planConfiguration } from '../../../src/director/plan-document.ts';
import { planMarking } from '../../../src/director/services.ts';
import type { MarkMap } from '../../../src/ipvs/marking.ts';
import type { Table } from '../../../src/ipvs/model.ts';
import type { DataPlane } from '../../../src/ipvs/plane.ts';

type Check = (name: string, body: () => Promise<unknown>) => Promise<void>;
type Bring = (desired: Table) => Promise<void>;
type Saved = () => string[];

const LVS_DIRECTOR = join(import.meta.dirname, '../../../bin/lvs-director');
const VIPS = ['10.9.1.1', '10.9.1.2'] as const;
const PORTS = [8081, 8082] as const;
const SERVERS = ['10.9.0.1', '10.9.0.2'] as const;
const FILE = `global_defs {
  nftables_ipvs
}
virtual_server_group web {
  ${VIPS[0]} ${PORTS[0]}
  ${VIPS[1]} ${PORTS[0]}
  ${VIPS[1]} ${PORTS[1]}
}
virtual_server group web {
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  persistence_timeout 60
${SERVERS.map((address) => `  real_server ${address} {\n    weight 1\n  }\n`).join('')}}
`;

export async function checkGroups(check: Check, plane: DataPlane, bring: Bring, saved: Saved): Promise<void> {
  const { configuration } = readConfiguration([{ name: 'x', text: FILE }]);
  const plan = planConfiguration(configuration, '');
  const marking = planMarking(plan)!;

  await check('a group by its mark: a client keeps its server across addresses and ports', async () => {
    await bring(desiredTable(plan.pools, ALL_UP));
    assert.deepEqual(saved(), [
      '-A -f 1000 -s rr -p 60',
      '-a -f 1000 -r 10.9.0.1:0 -m -w 1',
      '-a -f 1000 -r 10.9.0.2:0 -m -w 1',
    ]);
    for (const vip of VIPS) execFileSync('ip', ['addr', 'add', `${vip}/32`, 'dev', 'lo']);
    const close = await serve();
    await assert.rejects(ask(VIPS[0], PORTS[0], SERVERS[0]), 'nobody has marked it yet');
    markByTc(marking.maps);
    for (const client of SERVERS) {
      const asked = [];
      for (const [vip, port] of [
        [VIPS[0], PORTS[0]],
        [VIPS[1], PORTS[0]],
        [VIPS[1], PORTS[1]],
      ] as const)
        asked.push(await ask(vip, port, client));
      assert.deepEqual(asked, [asked[0], asked[0], asked[0]]);
    }
    const both = new Set([
      await ask(VIPS[0], PORTS[0], SERVERS[0]),
      await ask(VIPS[0], PORTS[0], SERVERS[1]),
    ]);
    assert.equal(both.size, 2, 'two clients, two servers');
    execFileSync('tc', ['qdisc', 'del', 'dev', 'lo', 'clsact']);
    close();
  });

  await check('no nf_tables: the plane says so, and a director has a service for each address', async () => {
    assert.match((await plane.marker.mark(marking)) ?? 'marked', /^nf_tables: E/);
    writeFileSync('/run/groups.conf', FILE);
    const words = ['run', '-n', '-l', '-f', '/run/groups.conf', '-p', '/run/groups.pid'];
    const director = spawn(LVS_DIRECTOR, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const told: { event: string; why?: string; groups?: string[] }[] = [];
    for await (const line of createInterface({ input: director.stdout! })) {
      told.push(JSON.parse(line));
      if (told.at(-1)!.event === 'ipvs.applied') break;
    }
    const { why, groups } = told.find(({ event }) => event === 'marks.failed')!;
    assert.match(why!, /^nf_tables: E/);
    assert.deepEqual(groups, ['group web TCP']);
    assert.deepEqual(
      saved().filter((line) => line.startsWith('-A')),
      ['10.9.1.1:8081', '10.9.1.2:8081', '10.9.1.2:8082'].map((end) => `-A -t ${end} -s rr -p 60`),
    );
    director.kill('SIGTERM');
    await once(director, 'close');
    assert.deepEqual(saved(), []);
    return why;
  });
}

/** Each says who it is. */
async function serve(): Promise<() => void> {
  const servers = SERVERS.flatMap((address) =>
    PORTS.map((port) => createServer((socket) => socket.end(address)).listen(port, address)),
  );
  await Promise.all(servers.map((one) => once(one, 'listening')));
  return () => servers.forEach((one) => void one.close());
}

function ask(host: string, port: number, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    connect({ host, port, localAddress })
      .setEncoding('utf8')
      .on('data', (data: string) => (said += data))
      .on('close', () => resolve(said))
      .on('error', reject);
  });
}

function markByTc(maps: readonly MarkMap[]): void {
  const modules = ['sch_ingress', 'cls_flower', 'act_skbedit'];
  execFileSync('modprobe', ['-d', process.env.LAB_OUT!, '-a', ...modules]);
  const lines = maps.flatMap(({ boxes }) =>
    boxes.flatMap(({ first, last, lowPort, mark }) =>
      [...new Set([first, last])].map(
        (address) =>
          `filter add dev lo ingress protocol ip flower dst_ip ${address} ip_proto tcp dst_port ${lowPort} ` +
          `action skbedit mark ${mark}`,
      ),
    ),
  );
  execFileSync('tc', ['-batch', '-'], { input: ['qdisc add dev lo clsact', ...lines].join('\n') });
}
