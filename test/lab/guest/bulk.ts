// A backup that was rebooted is told a large table: dirA is master, its kernel gets `n` connections while
// dirB is away, and dirB starts.
//   bulk.ts n=CONNECTIONS
import { setTimeout as sleep } from 'node:timers/promises';
import { askOne } from '../../../src/console/control-client.ts';
import { SYNC, type SyncDocument } from '../../../src/console/sync-document.ts';
import { controlPath } from '../../../src/core/runtime-files.ts';
import { footprint } from '../../bench/footprint.ts';
import { type DirectorName, SERVERS, serverAddress, VIP } from './addresses.ts';
import { runtimeDirectory } from './director.ts';
import { flood } from './flood.ts';
import { rebootNode } from './network.ts';
import { parseArguments, startPair } from './pair.ts';
import { makeSyncKey, syncBlock } from './sync-block.ts';
import { ipvsadm } from './witness.ts';

export type BulkResult = {
  /** In dirA's kernel, and what the stream told of it. */
  connections: number;
  entries: number;
  /** From the connection of the two balancers until all was in dirB's kernel, by its own word. */
  ms: number;
  /** In dirB's kernel then. */
  arrived: number;
  residentMb: Record<DirectorName, number>;
  /** Times that the kernel told more than the balancer could take. */
  missed: number;
  falseTakeovers: number;
};

const UDP_PORT = 9999;
const PER_SECOND = 10_000;
const LIMIT_MS = 120_000;
const DIRA_MAC = '02:00:00:00:00:0b';

const { n = '100000' } = parseArguments();
makeSyncKey();
const pair = await startPair(
  {
    mode: 'nat',
    advertSeconds: 1,
    programs: { dirA: 'lvs-director', dirB: 'lvs-director' },
    activeSessions: 0,
    idleSessions: 0,
    appendix: (node) => `${syncBlock(node)}${udpService()}`,
    appendixServers: SERVERS.length,
    global: ['lvs_timeouts udp 900'],
  },
  false,
);
await pair.dirA.untilLogged('sync.complete', LIMIT_MS);
rebootNode('dirB', 'nat');
await flood({ to: VIP, port: UDP_PORT, mac: DIRA_MAC, count: Number(n), perSecond: PER_SECOND });
await untilLearned();
const before = pair.dirB.logged('sync.complete').length;
pair.dirB.start();
const { ms, entries } = await untilComplete();
const result: BulkResult = {
  connections: inKernel('dirA'),
  entries,
  ms,
  arrived: inKernel('dirB'),
  residentMb: { dirA: residentMb('dirA'), dirB: residentMb('dirB') },
  missed: pair.dirA.logged('sync.missed').length,
  falseTakeovers: pair.falseTakeovers(),
};
console.log(JSON.stringify(result));
process.exit(0);

function udpService(): string {
  const servers = SERVERS.map((server) => `real_server ${serverAddress(server, 'nat')} ${UDP_PORT} {\n}\n`);
  const head = 'lb_algo rr\nlb_kind NAT\nprotocol UDP\n';
  return `virtual_server ${VIP} ${UDP_PORT} {\n${head}${servers.join('')}}\n`;
}

/** All that dirA's kernel has is known to its balancer. */
async function untilLearned(): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const document = (await askOne(controlPath(runtimeDirectory('dirA')), SYNC)) as SyncDocument;
    const connections = inKernel('dirA');
    if (document.state !== 'off' && document.connections >= connections) return;
    if (performance.now() - startedAt > LIMIT_MS)
      throw new Error(`dirA knows too few of ${connections}: ${JSON.stringify(document)}`);
    await sleep(500);
  }
}

/** Seldom looked for: this program shares its one processor with those that it measures. */
async function untilComplete(): Promise<{ ms: number; entries: number }> {
  const startedAt = performance.now();
  for (;;) {
    const said = pair.dirB.logged('sync.complete').slice(before);
    const whole = said.find(({ direction }) => direction === 'in');
    if (whole !== undefined) return whole as unknown as { ms: number; entries: number };
    if (performance.now() - startedAt > LIMIT_MS) throw new Error('dirB does not know all');
    await sleep(500);
  }
}

/** Those of UDP are all inactive, by ipvsadm's count of each server. */
function inKernel(node: DirectorName): number {
  const lines = ipvsadm(node, '-L', '-n', '-u', `${VIP}:${UDP_PORT}`).split('\n');
  const counts = lines.flatMap(
    (line) => /->\s+\d\S*\s+Masq\s+\d+\s+(\d+)\s+(\d+)/.exec(line)?.slice(1) ?? [],
  );
  return counts.reduce((sum, count) => sum + Number(count), 0);
}

/** Of the largest of its processes. */
function residentMb(node: DirectorName): number {
  return Math.max(...pair[node].processes().map((pid) => footprint(pid).processes[0]!.rssMb));
}
