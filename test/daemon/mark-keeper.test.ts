// Who keeps packets to groups marked, with real tables of nf_tables in a network namespace of its own: what
// is said, what is put back and how often, and what is served where nobody can mark.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import type { Notice } from '../../src/core/events.ts';
import { MarkKeeper } from '../../src/daemon/mark-keeper.ts';
import { Planner } from '../../src/director/planner.ts';
import type { DataPlane } from '../../src/ipvs/plane.ts';
import { servicesOf } from '../../src/ipvs/pool.ts';
import { CLONE, unshare } from '../../src/linux/libc.ts';
import { MarkTables } from '../../src/linux/mark-tables.ts';

const TABLE = 'lvs-director-ipvs';
const SERVER = `  lvs_method TUN
  protocol TCP
  real_server 10.9.0.1 80 {
    weight 1
  }
}
`;
function file(groups: Record<string, string>, words = 'nftables_ipvs'): string {
  const blocks = Object.entries(groups).map(
    ([name, members]) =>
      `virtual_server_group ${name} {\n${members}\n}\nvirtual_server group ${name} {\n${SERVER}`,
  );
  return `global_defs {\n${words}\n}\n${blocks.join('')}`;
}
const nft = (...words: string[]) => execFileSync('nft', words, { encoding: 'utf8' });

let tables: MarkTables;
let keeper: MarkKeeper;
let planner: Planner;
let said: Notice[];
beforeAll(() => unshare(CLONE.NEWNET));
beforeEach(() => {
  tables = new MarkTables();
  planner = new Planner('');
  said = [];
  keeper = new MarkKeeper({ engine: 'kernel', marker: tables } as unknown as DataPlane, (one) =>
    said.push(one),
  );
});
afterEach(async () => {
  await keeper.end(undefined);
  tables.close();
  nft('flush', 'ruleset');
});

/** As a balancer does it; answers the services that are to be in the table. */
async function load(text: string): Promise<string[]> {
  const { configuration } = readConfiguration([{ name: 'x', text }], { compat: true });
  const plan = planner.plan(configuration);
  const { pools } = await keeper.begin(plan, configuration);
  await keeper.end(plan);
  return [...pools.values()].flatMap((pool) => servicesOf(pool).map(([key]) => key));
}
const events = () => said.map(({ event }) => event);
async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!holds()) {
    expect(performance.now(), `${what}: ${JSON.stringify(said)}`).toBeLessThan(endMs);
    await sleep(20);
  }
}

test('a group is one service by mark; what changes is told, what does not is not', async () => {
  expect(await load(file({ web: '10.1.0.1-9 80\n10.1.1.1 443' }))).toEqual(['FWM 1000']);
  expect(said).toMatchObject([
    { event: 'marks.applied', fields: { table: TABLE, marks: 1, ranges: 2, added: 2, removed: 0 } },
  ]);
  expect(said[0]!.message).toBe(
    `1 mark for packets to 2 ranges of addresses, by ${TABLE}: 2 added, 0 removed`,
  );
  await load(file({ web: '10.1.0.1-9 80\n10.1.1.1 443' }));
  expect(events()).toEqual(['marks.applied']);
  expect(await load(file({ web: '10.1.0.1-9 80', more: '10.1.2.1 80' }))).toEqual(['FWM 1000', 'FWM 1001']);
  expect(said.at(-1)).toMatchObject({ event: 'marks.applied', fields: { marks: 2, added: 1, removed: 1 } });
});

test('without the word, and at a stop, the table goes; who leaves his services leaves it', async () => {
  await load(file({ web: '10.1.0.1 80' }));
  expect(await load(file({ web: '10.1.0.1 80' }, 'router_id x'))).toEqual(['TCP 10.1.0.1:80']);
  expect(events()).toEqual(['marks.applied', 'marks.removed']);
  expect(nft('list', 'ruleset')).toBe('');
  await load(file({ web: '10.1.0.1 80' }));
  await keeper.end(undefined, true);
  expect(nft('list', 'tables')).toBe(`table ip ${TABLE}\n`);
  await keeper.end(undefined);
  expect(nft('list', 'ruleset')).toBe('');
});

test('flushed, it is back within a second; in a fight only a few times', async () => {
  await load(file({ web: '10.1.0.1 80' }));
  const before = nft('list', 'ruleset');
  nft('flush', 'ruleset');
  const startMs = performance.now();
  await until('the repair', () => events().includes('marks.repaired'));
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(nft('list', 'ruleset')).toBe(before);
  for (let round = 2; round <= 5; round++) {
    nft('flush', 'ruleset');
    await until('a repair', () => events().filter((event) => event === 'marks.repaired').length === round);
  }
  nft('flush', 'ruleset');
  await until('the end of it', () => events().includes('marks.contested'));
  expect(said.at(-1)).toMatchObject({ fields: { repairs: 5 } });
  await sleep(1_000);
  expect(events().filter((event) => event === 'marks.contested')).toHaveLength(1);
});

test('where nobody can mark, each address is a service, said once; marked as soon as can be', async () => {
  nft('add', 'table', 'ip', TABLE);
  const text = file({ web: '10.1.0.1-2 80' });
  expect(await load(text)).toEqual(['TCP 10.1.0.1:80', 'TCP 10.1.0.2:80']);
  expect(await load(text)).toEqual(['TCP 10.1.0.1:80', 'TCP 10.1.0.2:80']);
  expect(said).toEqual([
    {
      event: 'marks.failed',
      message:
        `no packet is marked (the table ${TABLE} is there, and not ours): ` +
        'each address of group web TCP is a service of its own',
      fields: { why: `the table ${TABLE} is there, and not ours`, groups: ['group web TCP'] },
    },
  ]);
  nft('delete', 'table', 'ip', TABLE);
  expect(await load(text)).toEqual(['FWM 1000']);
  expect(events()).toEqual(['marks.failed', 'marks.applied']);
});

test('marks that a fresh start would not give are kept, and told', async () => {
  await load(file({ a: '10.1.0.1 80', b: '10.1.0.2 80' }));
  expect(await load(file({ b: '10.1.0.2 80' }))).toEqual(['FWM 1001']);
  await load(file({ b: '10.1.0.2-3 80' }));
  expect(said.filter(({ event }) => event === 'marks.differ')).toMatchObject([
    { message: expect.stringContaining('(group b TCP 1001)'), fields: { groups: ['group b TCP'] } },
  ]);
});
