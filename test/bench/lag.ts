// How long a new session is unknown to the peer. Kernel engine: in the lab, beside keepalived, by the other
// kernel's table. Embedded engine: in namespaces, by the peer's word that its engine has it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askOne } from '../../src/console/control-client.ts';
import { SYNC, type SyncDocument } from '../../src/console/sync-document.ts';
import { controlPath } from '../../src/core/runtime-files.ts';
import { TestDirector } from '../daemon/director.ts';
import { pairFile, writeSyncKey } from '../daemon/embedded-pair.ts';
import type { Program } from '../lab/guest/director.ts';
import type { LagResult } from '../lab/guest/lag.ts';
import { bootGuest } from '../lab/guest.ts';
import { EngineHost } from '../linux/engine-host.ts';
import { EngineNet, VIP } from '../linux/engine-net.ts';
import { percentile, type Row, row } from './row.ts';

const SESSIONS = { kernel: 60, embedded: 500 };
const LIMIT_MS = 60_000;

export async function run(): Promise<Row[]> {
  const embedded = await ofEmbedded();
  const ours = await ofKernel('lvs-director');
  const theirs = await ofKernel('keepalived');
  const rows = ([0.5, 0.99] as const).map((share) =>
    row({
      name: `a new session on the peer, kernel engine: p${100 * share}`,
      ours: percentile(ours, share),
      theirs: percentile(theirs, share),
      unit: 'ms',
    }),
  );
  return [
    ...rows,
    row({
      name: 'a new session on the peer, embedded engine: p99',
      ours: percentile(embedded, 0.99),
      unit: 'ms',
      bound: '≤ 100',
    }),
  ];
}

async function ofKernel(program: Program): Promise<number[]> {
  const args = [`program=${program}`, `n=${SESSIONS.kernel}`];
  const { exitCode, result, log } = await bootGuest({ program: 'lag.ts', args, timeoutMs: 900_000 });
  if (exitCode !== 0) throw new Error(`${program}: exit code ${exitCode}\n${log}`);
  return (result as LagResult).lagMs.map((ms) => ms ?? Number.POSITIVE_INFINITY);
}

async function ofEmbedded(): Promise<number[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'lvs-lag-'));
  const key = join(scratch, 'key');
  writeSyncKey(key);
  const net = new EngineNet('lag');
  const start = (name: 'a' | 'b') => {
    const file = pairFile(name, { directory: join(scratch, name), proof: `psk ${key}` });
    return new TestDirector(net.namespace(name), file);
  };
  const directors = [start('a'), start('b')] as const;
  const hosts = (['client', 's1'] as const).map((name) => new EngineHost(net.namespace(name)));
  try {
    const [client, server] = hosts as [EngineHost, EngineHost];
    await server.ask({ do: 'serve', port: 8080, name: 's1' });
    await directors[0].line({ event: 'vrrp.state', to: 'MASTER' }, { limitMs: LIMIT_MS });
    for (const each of directors) await each.line({ event: 'sync.complete' }, { limitMs: LIMIT_MS });
    return await lagsOf(client, controlPath(join(scratch, 'a')));
  } finally {
    await Promise.all([...directors.map((each) => each.remove()), ...hosts.map((host) => host.stop())]);
    net.remove();
    rmSync(scratch, { recursive: true });
  }
}

async function lagsOf(client: EngineHost, control: string): Promise<number[]> {
  const lags: number[] = [];
  for (let session = 1; session <= SESSIONS.embedded; session++) {
    await sleep(20 * Math.random());
    await client.ask({ do: 'open', session, address: VIP, port: 80 });
    const openMs = performance.now();
    while ((await coveredOf(control)) < session)
      if (performance.now() - openMs > LIMIT_MS) throw new Error(`session ${session} is not on the peer`);
    lags.push(performance.now() - openMs);
  }
  return lags;
}

async function coveredOf(control: string): Promise<number> {
  const document = (await askOne(control, SYNC)) as SyncDocument;
  return document.state === 'off' ? 0 : document.covered;
}
