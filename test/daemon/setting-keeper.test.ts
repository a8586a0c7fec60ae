// Settings of the whole of IPVS: what the file and a drain want of one, who counts, and what comes back.
import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { SettingKeeper } from '../../src/daemon/setting-keeper.ts';

const KERNEL = { expire_nodest_conn: '0', expire_quiescent_template: '0', conn_reuse_mode: '1' };
type More = { values?: Record<string, string>; engine?: 'kernel' | 'embedded'; refused?: string };

function begin({ values = { ...KERNEL }, engine = 'kernel', refused }: More = {}) {
  const written: string[] = [];
  const said: Notice[] = [];
  const told: object[] = [];
  const plane = {
    engine,
    readSetting: (name: string) => values[name],
    changeSetting: (name: string, value: string) => {
      if (name === refused) return 'EROFS';
      written.push(`${name} ${value}`);
      values[name] = value;
      return undefined;
    },
  };
  const changed = () => told.push(Object.fromEntries(keeper.former));
  const keeper = new SettingKeeper(plane, { say: (notice) => said.push(notice), changed });
  return { keeper, values, written, said, told };
}

test('what is named is set once, and comes back when its word leaves the file', () => {
  const { keeper, values, written, said, told } = begin();
  keeper.configure({ expire_nodest_conn: 1, conn_reuse_mode: 2 });
  keeper.configure({ conn_reuse_mode: 2, expire_nodest_conn: 1 });
  expect(written).toEqual(['expire_nodest_conn 1', 'conn_reuse_mode 2']);
  expect(told.at(-1)).toEqual({ expire_nodest_conn: '0', conn_reuse_mode: '1' });
  keeper.configure({ conn_reuse_mode: 0 });
  expect(values).toEqual({ ...KERNEL, conn_reuse_mode: '0' });
  keeper.configure({});
  expect(values).toEqual(KERNEL);
  expect(told.at(-1)).toEqual({});
  expect(said.map(({ message }) => message)).toEqual([
    'net.ipv4.vs: expire_nodest_conn 0 → 1, conn_reuse_mode 1 → 2',
    'net.ipv4.vs: conn_reuse_mode 2 → 0, expire_nodest_conn 1 → 0',
    'net.ipv4.vs: conn_reuse_mode 0 → 1',
  ]);
});

test('what a file without the block never touches', () => {
  const { keeper, written, said, told } = begin();
  keeper.configure({});
  expect([written, said, told]).toEqual([[], [], []]);
});

test('what a balancer that died had found comes back, not what it had set', () => {
  const died = begin();
  died.keeper.configure({ expire_nodest_conn: 1 });
  const { keeper, values, written } = begin({ values: died.values });
  keeper.adopt(died.keeper.former);
  keeper.configure({ expire_nodest_conn: 1 });
  expect(written).toEqual([]);
  keeper.configure({});
  expect(values).toEqual(KERNEL);
});

test('what it had set, and nobody wants any more, comes back at once', () => {
  const { keeper, values } = begin({ values: { ...KERNEL, conn_reuse_mode: '0' } });
  keeper.adopt(new Map([['conn_reuse_mode', '1']]));
  keeper.configure({});
  expect(values).toEqual(KERNEL);
});

test.each([
  ['kernel', 'this kernel has no sloppy_tcp, pmtu_disc: left out'],
  ['embedded', 'the embedded engine has no sloppy_tcp, pmtu_disc: left out'],
] as const)('what there is none of is said once, and the rest is set: %s', (engine, message) => {
  const { keeper, values, said } = begin({ engine });
  keeper.configure({ sloppy_tcp: 1, expire_nodest_conn: 1, pmtu_disc: 0 });
  keeper.configure({ sloppy_tcp: 1, pmtu_disc: 0 });
  expect(values).toEqual(KERNEL);
  const unset = said.filter(({ event }) => event === 'ipvs.unset');
  expect(unset.map((notice) => notice.message)).toEqual([message]);
  expect(unset[0]?.fields).toMatchObject({ settings: ['sloppy_tcp', 'pmtu_disc'], hint: expect.any(String) });
});

test('one that cannot be written is said once, the rest is set, and it is nothing to put back', () => {
  const { keeper, values, said } = begin({ refused: 'conn_reuse_mode' });
  keeper.configure({ conn_reuse_mode: 2, expire_nodest_conn: 1 });
  keeper.configure({ conn_reuse_mode: 2 });
  expect(values).toEqual(KERNEL);
  const unset = said.filter(({ event }) => event === 'ipvs.unset');
  expect(unset.map(({ message }) => message)).toEqual([
    'net.ipv4.vs.conn_reuse_mode cannot be set to 2: EROFS',
  ]);
  expect([...keeper.former]).toEqual([]);
});

const TEMPLATES = 'expire_quiescent_template';
test('a drain sets its own setting for a while, and is nobody’s business else', () => {
  const { keeper, values, written } = begin();
  keeper.configure({});
  keeper.expireTemplates(false);
  expect(written).toEqual([]);
  keeper.expireTemplates(true);
  expect([values[TEMPLATES], keeper.formerTemplates]).toEqual(['1', '0']);
  keeper.expireTemplates(false);
  expect([values[TEMPLATES], keeper.formerTemplates]).toEqual(['0', undefined]);
});

test('with a word in the file that one counts again after the drain, and both leave what was there', () => {
  const { keeper, values } = begin({ values: { ...KERNEL, [TEMPLATES]: '1' } });
  const seen = (act: () => void) => {
    act();
    return values[TEMPLATES];
  };
  const words = { [TEMPLATES]: 0 };
  expect([
    seen(() => keeper.configure(words)),
    seen(() => keeper.expireTemplates(true)),
    seen(() => keeper.configure({})),
    seen(() => keeper.configure(words)),
    seen(() => keeper.expireTemplates(false)),
    seen(() => keeper.configure({})),
  ]).toEqual(['0', '1', '1', '1', '0', '1']);
});

test('a word that comes and goes during a drain takes nothing away from it', () => {
  const { keeper, values } = begin();
  keeper.configure({});
  keeper.expireTemplates(true);
  keeper.configure({ [TEMPLATES]: 1 });
  keeper.expireTemplates(false);
  expect(values[TEMPLATES]).toBe('1');
  keeper.configure({});
  expect(values).toEqual(KERNEL);
});

test('a drain that outlived everything ends with what was there before it', () => {
  const { keeper, values } = begin({ values: { ...KERNEL, [TEMPLATES]: '1' } });
  keeper.adoptTemplates('0');
  keeper.configure({});
  expect([values[TEMPLATES], keeper.formerTemplates]).toEqual(['1', '0']);
  keeper.expireTemplates(false);
  expect(values).toEqual(KERNEL);
});

test('what both the director and the drain’s file remember is what the director does', () => {
  const { keeper, values } = begin({ values: { ...KERNEL, [TEMPLATES]: '1' } });
  keeper.adopt(new Map([[TEMPLATES, '0']]));
  keeper.adoptTemplates('1');
  keeper.configure({});
  keeper.expireTemplates(false);
  expect(values).toEqual(KERNEL);
});
