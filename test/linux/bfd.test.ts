// Our BFD in the elector thread against a real keepalived's: up in both roles, down within the detection
// time, and what becomes of an instance that tracks it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { BfdSettings } from '../../src/vrrp/bfd/speaker.ts';
import { ADDRESS, DEVICE, Pair, pause, type Side, settings, until } from './elector-pair.ts';

const BFD: BfdSettings = {
  name: 'peer',
  neighbour: address(ADDRESS.b),
  source: address(ADDRESS.a),
  minRxMs: 50,
  minTxMs: 50,
  idleTxMs: 1000,
  multiplier: 3,
  passive: false,
  hopLimit: 255,
  maxHops: 0,
  multihop: false,
};
const THEIRS = [
  `neighbor_ip ${ADDRESS.a}`,
  `source_ip ${ADDRESS.b}`,
  'min_rx 50',
  'min_tx 50',
  'multiplier 3',
];

const scratch = mkdtempSync(`${tmpdir()}/bfd-`);
let pair: Pair;
/** One that was killed leaves its files behind. */
let started = 0;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(async () => {
  await pair.remove();
  rmSync(scratch, { recursive: true });
});

function keepalived(lines: readonly string[] = THEIRS, side: Side = 'b') {
  const file = `${scratch}/${++started}`;
  writeFileSync(`${file}.conf`, `bfd_instance K {\n${lines.join('\n')}\n}\n`);
  const pids = ['p', 'r', 'c', 'b'].flatMap((option) => [`-${option}`, `${file}.${option}`]);
  return pair.run(side, ['keepalived', '-n', '-l', '-D', '-f', `${file}.conf`, ...pids]);
}
function tracking(bfd: Partial<BfdSettings> = {}) {
  const track = { kind: 'bfd', name: 'peer', weight: 0, reverse: false } as const;
  return settings({ tracks: [track] }, { bfd: [{ ...BFD, ...bfd }] });
}

describe('BFD with keepalived', () => {
  test.each([
    ['active', 'active'],
    ['passive', 'active'],
    ['active', 'passive'],
  ])('ours %s, keepalived %s: up, and an instance may be master', async (ours, theirs) => {
    keepalived(theirs === 'passive' ? [...THEIRS, 'passive'] : THEIRS);
    const elector = pair.elector(tracking({ passive: ours === 'passive' }));
    await until('the VIP', () => pair.has('a'));
    await elector.is('MASTER');
    expect(elector.states).toEqual(['FAULT', 'BACKUP', 'MASTER']);
  });

  test('a neighbour that falls silent is missed within the detection time, and found again', async () => {
    const neighbour = keepalived();
    const elector = pair.elector(tracking());
    await until('the VIP', () => pair.has('a'));
    await pause(200);
    process.kill(-neighbour.pid!, 'SIGKILL');
    const fromMs = performance.now();
    await elector.is('FAULT');
    const detectionMs = 3 * 50;
    expect(performance.now() - fromMs).toBeGreaterThan(detectionMs - 50 - 10);
    expect(performance.now() - fromMs).toBeLessThan(detectionMs + 100);
    await until('the address to go', () => !pair.has('a'));
    keepalived();
    await until('the VIP again', () => pair.has('a'), 8000);
  });

  test('a source address that is not here yet leaves the session down, and up when it comes', async () => {
    const later = '10.1.0.77';
    keepalived(THEIRS.map((line) => line.replace(ADDRESS.a, later)));
    const elector = pair.elector(tracking({ source: address(later) }));
    await until('the notice', () => elector.notices.find((notice) => notice.includes('EADDRNOTAVAIL')));
    await pause(1500);
    expect(elector.states).toEqual(['FAULT']);
    expect(elector.notices.filter((notice) => notice.includes('EADDRNOTAVAIL'))).toHaveLength(1);
    pair.ip('a', 'addr', 'add', `${later}/24`, 'dev', DEVICE);
    await until('the VIP', () => pair.has('a'));
    expect(elector.notices).toContain('BFD of peer goes on');
  });

  test('another BFD daemon on the port leaves the sessions down until it ends', async () => {
    const mirrored = [`neighbor_ip ${ADDRESS.b}`, `source_ip ${ADDRESS.a}`];
    const other = keepalived(mirrored, 'a');
    await until('its port', () => pair.listens('a', 3784));
    keepalived();
    const elector = pair.elector(tracking());
    await until('the notice', () => elector.notices.find((notice) => notice.includes('EADDRINUSE')));
    await pause(1500);
    expect(elector.states).toEqual(['FAULT']);
    process.kill(-other.pid!, 'SIGKILL');
    await until('the VIP', () => pair.has('a'));
    expect(elector.notices).toContain('listening for BFD over IPv4 goes on');
  });

  test('a neighbour behind more routers than allowed is not heard', async () => {
    keepalived([...THEIRS, 'ttl 254']);
    const elector = pair.elector(tracking());
    await elector.is('FAULT');
    await pause(2500);
    expect(pair.has('a')).toBe(false);
    elector.send({ type: 'configure', settings: tracking({ maxHops: 1 }) });
    await until('the VIP', () => pair.has('a'));
  });
});
