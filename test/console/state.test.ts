// The state dump: what it says in both forms, and that writing it cannot be misled or half seen.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderStateJson, stateDocument } from '../../src/console/state.ts';
import { writeStateFiles } from '../../src/console/state-files.ts';
import { duration, renderStateText } from '../../src/console/state-text.ts';
import { SERVICE_KEY, STATE } from './states.ts';

describe('the document', () => {
  test('has every server, also one that health checks took out of the table', () => {
    const { services } = stateDocument(STATE);
    expect(services).toHaveLength(1);
    expect(services[0]).toMatchObject({ key: SERVICE_KEY, scheduler: 'rr', counters: { connections: 12n } });
    expect(services[0]!.servers).toMatchObject([
      { key: '10.1.0.21:8080', inTable: true, up: true, weight: 3, counters: { activeConnections: 2 } },
      { key: '10.1.0.22:8080', inTable: false, up: false, forMs: 4_000 },
    ]);
    expect(services[0]!.servers[1]).not.toHaveProperty('weight');
    expect(services[0]!.servers[1]!.checks).toMatchObject([
      { up: false, last: { ok: false, reason: 'refused', agoMs: 500 } },
    ]);
  });

  test('is JSON without secrets, and with counters no double can hold', () => {
    const parsed = JSON.parse(renderStateJson(stateDocument(STATE)));
    expect(parsed).toMatchObject({
      version: '0.1.0',
      uptimeMs: 62 * 60_000,
      instances: [
        { name: 'VI_1', forMs: 3_200, lastMaster: { priority: 100, agoMs: 4_100 }, clockSkewMs: -12 },
      ],
      syncDaemons: [{ role: 'master', id: 51 }],
      lastEvents: [{ at: '2026-11-22T23:01:00.000Z', event: 'vrrp.state', fields: { psk: '(secret)' } }],
    });
    expect(parsed.services[0].counters).toEqual({
      connections: 12,
      inPackets: '1152921504606846976',
      outPackets: 0,
      inBytes: 1_500,
      outBytes: 0,
    });
  });

  test('reads well', () => {
    expect(renderStateText(stateDocument(STATE))).toMatchInlineSnapshot(`
      "lvs-director 0.1.0, pid 100, balancer 101, up 1 h 2 min
      written 2026-11-22T23:02:00.000Z
      configuration /etc/keepalived/keepalived.conf
      data plane kernel, 7 connections

      VRRP instances
        VI_1 MASTER for 3.2 s, priority 150; last heard 10.0.0.2 priority 100, 4.1 s ago, clock 12 ms behind
          advertsSent 4

      Virtual services
        TCP 10.0.0.50:80 rr persistent 300 s
          connections 12, inPackets 1152921504606846976, outPackets 0, inBytes 1500, outBytes 0
          10.1.0.21:8080 up for 4.0 s, NAT weight 3
            active 2, inactive 5, persistent 0
            connections 12, inPackets 1152921504606846976, outPackets 0, inBytes 1500, outBytes 0
            TCP_CHECK 10.1.0.22 port 8080 up; last good 500 ms ago
          10.1.0.22:8080 down for 4.0 s, not in the table
            TCP_CHECK 10.1.0.22 port 8080 down; last refused 500 ms ago

      Probes
        1 under way, 0 waiting for their turn, longest wait 0 ms

      Sync
        none

      Sync daemons
        master interface eth0, id 51

      Last events
        2026-11-22T23:01:00.000Z vrrp.state: (VI_1) Entering MASTER STATE
      "
    `);
  });

  test('says so when there is nothing', () => {
    const health = { atMs: 0, servers: [], probes: { underWay: 0, waiting: 0, longestWaitMs: 0 } };
    const empty = { ...STATE, instances: [], table: new Map(), health, syncDaemons: [], lastEvents: [] };
    expect(renderStateText(stateDocument(empty))).toContain('Virtual services\n  none\n');
  });

  test('names durations as people do', () => {
    const named = [0.4, 999, 1_000, 61_500, 3_600_000, 200 * 3_600_000].map(duration);
    expect(named).toEqual(['0 ms', '999 ms', '1.0 s', '1 min 1 s', '1 h 0 min', '8 days 8 h']);
  });
});

describe('the files', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'lvs-director-state-'));
    directory = join(parent, 'run');
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const mode = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

  test('are for their owner only, and nothing else is left', async () => {
    const files = await writeStateFiles(directory, stateDocument(STATE));
    expect(readdirSync(directory).sort()).toEqual(['state.json', 'state.txt']);
    expect([mode(directory), mode(files.json), mode(files.text)]).toEqual(['750', '600', '600']);
    expect(readFileSync(files.text, 'utf8')).toBe(renderStateText(stateDocument(STATE)));
  });

  test('take the place of a symbolic link, and leave alone what it points to', async () => {
    const victim = join(parent, 'victim');
    writeFileSync(victim, 'untouched');
    mkdirSync(directory);
    symlinkSync(victim, join(directory, 'state.json'));
    await writeStateFiles(directory, stateDocument(STATE));
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(lstatSync(join(directory, 'state.json')).isSymbolicLink()).toBe(false);
  });

  test('are not written into a directory that others can write to, nor through a link to one', async () => {
    const document = stateDocument(STATE);
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    await expect(writeStateFiles(directory, document)).rejects.toMatchObject({ code: 'RUNTIME_DIRECTORY' });
    const link = join(parent, 'link');
    symlinkSync(directory, link);
    await expect(writeStateFiles(link, document)).rejects.toMatchObject({ code: 'RUNTIME_DIRECTORY' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('are whole whenever they are read', async () => {
    const document = stateDocument({ ...STATE, lastEvents: Array(500).fill(STATE.lastEvents[0]) });
    const { json } = await writeStateFiles(directory, document);
    let writing = true;
    const written = Promise.all(
      Array.from({ length: 20 }, () => writeStateFiles(directory, document)),
    ).finally(() => {
      writing = false;
    });
    let read = 0;
    while (writing) {
      expect(JSON.parse(readFileSync(json, 'utf8')).lastEvents).toHaveLength(500);
      read++;
      await new Promise(setImmediate);
    }
    await written;
    expect(read).toBeGreaterThan(0);
    expect(readdirSync(directory)).toHaveLength(2);
  });
});
