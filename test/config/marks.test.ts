// nftables_ipvs: which groups get a firewall mark, which one, what stays at a reload, and what is said.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allotMarks, type Marks, strayMarks } from '../../src/config/marks.ts';
import { comparePair } from '../../src/config/pair.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';

type Group = { name: string; members: string; protocols: readonly string[]; more?: string };
const server = (protocol: string, name: string, more = '') => `virtual_server group ${name} {
    lvs_sched rr
    lvs_method NAT
    protocol ${protocol}
    ${more}
    real_server 10.2.0.1 80 {
        weight 1
    }
}
`;
const file = (globals: string, groups: readonly Group[], others = '') =>
  `global_defs {\n    ${globals}\n}\n${groups
    .map(
      ({ name, members, protocols, more }) =>
        `virtual_server_group ${name} {\n    ${members}\n}\n${protocols
          .map((protocol) => server(protocol, name, more))
          .join('')}`,
    )
    .join('')}${others}`;
const read = (text: string, compat = false) => readConfiguration([{ name: 'x', text }], { compat });
const marksOf = (text: string, before?: Marks) => allotMarks(read(text).configuration, before);
const said = (text: string, compat = false) => {
  const { sources, diagnostics } = read(text, compat);
  return recordDiagnostics(sources, diagnostics).map(
    ({ severity, code, line }) => `${severity} ${code} ${line}`,
  );
};
const group = (name: string, last: number, ...protocols: string[]): Group => ({
  name,
  members: `10.1.0.${last} 80`,
  protocols: protocols.length === 0 ? ['TCP'] : protocols,
});

test('as keepalived counts: each group and protocol in the order of the virtual servers', () => {
  const { of, next } = marksOf(file('nftables_ipvs', [group('web', 1, 'TCP', 'UDP'), group('six', 2)]))!;
  expect(of).toEqual({ 'group web TCP': 1000, 'group web UDP': 1001, 'group six TCP': 1002 });
  expect(next).toBe(1003);
});

test('not those that have a mark of their own, and none that the file has given away', () => {
  const own = { name: 'own', members: '10.1.0.9 80\n    fwmark 77', protocols: ['TCP'] };
  const others = `virtual_server fwmark 8 {
    lvs_sched rr
    lvs_method NAT
    real_server 10.2.0.1 80 {
        weight 1
    }
}
`;
  const globals = 'nftables_ipvs\n    nftables_ipvs_start_fwmark 7';
  const groups = [own, group('a', 1), group('b', 2)];
  expect(marksOf(file(globals, groups, others))!.of).toEqual({ 'group a TCP': 7, 'group b TCP': 9 });
});

test('without the word none, and after the largest comes 1', () => {
  expect(marksOf(file('router_id x', [group('a', 1)]))).toBeUndefined();
  const globals = 'nftables_ipvs\n    nftables_ipvs_start_fwmark 4294967295';
  expect(marksOf(file(globals, [group('a', 1), group('b', 2)]))!.of).toEqual({
    'group a TCP': 0xffffffff,
    'group b TCP': 1,
  });
});

test('two virtual servers of one group and protocol have one mark', () => {
  const text = file('nftables_ipvs', [group('a', 1, 'TCP', 'TCP')]);
  expect(read(text).configuration.virtualServers).toHaveLength(2);
  expect(marksOf(text)!.of).toEqual({ 'group a TCP': 1000 });
});

test('whatever files follow each other: who stays keeps his, no two have one, and strays are told', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const lists = fc.array(fc.shuffledSubarray(names), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lists, (files) => {
      let before: Marks | undefined;
      for (const list of files) {
        const { configuration } = read(
          file(
            'nftables_ipvs',
            list.map((name, i) => group(name, i + 1)),
          ),
        );
        const marks = allotMarks(configuration, before)!;
        expect(Object.keys(marks.of)).toEqual(list.map((name) => `group ${name} TCP`));
        expect(new Set(Object.values(marks.of)).size).toBe(list.length);
        for (const [name, mark] of Object.entries(marks.of)) {
          expect(mark).toBe(before?.of[name] ?? mark);
          expect(before?.of[name] === undefined && before !== undefined && mark < before.next).toBe(false);
        }
        const isFresh = list.every((name, i) => marks.of[`group ${name} TCP`] === 1000 + i);
        expect(strayMarks(configuration, marks).length === 0).toBe(isFresh);
        before = marks;
      }
    }),
    { numRuns: 50 },
  );
});

test('another first mark gives all of them anew', () => {
  const before = marksOf(file('nftables_ipvs', [group('a', 1)]));
  const globals = 'nftables_ipvs\n    nftables_ipvs_start_fwmark 50';
  expect(marksOf(file(globals, [group('a', 1)]), before)!.of).toEqual({ 'group a TCP': 50 });
});

test('the words: defaults, their order, and what comes too late', () => {
  const words = (globals: string, compat = false) =>
    read(file(globals, [group('a', 1)]), compat).configuration.global.ipvs.marks;
  expect(words('nftables_ipvs')).toEqual({
    table: 'lvs-director-ipvs',
    priority: -1,
    start: 1000,
    counters: false,
  });
  const early = 'nftables_counters\n    nftables_ipvs_start_fwmark 5\n    nftables_ipvs mine';
  expect(words(early)).toEqual({ table: 'mine', priority: -1, start: 5, counters: true });
  expect(words(early, true)).toMatchObject({ start: 1000 });
  expect(said(file(early, [group('a', 1)]))).toContain('warning CFG_MARKS 3');
  expect(said(file('nftables_ipvs_priority 5', [group('a', 1)]))).toContain('warning CFG_MARKS 2');
  const late = 'nftables_ipvs\n    nftables_ipvs_priority 98';
  expect(said(file(late, [group('a', 1)]))).toContain('error CFG_CONTRADICTION 3');
  expect(
    said(file(late.replace('98', '97'), [group('a', 1)])).filter((text) => text.includes('CONTRA')),
  ).toEqual([]);
});

test('a persistent group whose port would have to be another one: IPVS leaves it', () => {
  const persistent = { ...group('a', 1), members: '10.1.0.1 443', more: 'persistence_timeout 60' };
  const marked = (text: string) => said(text).filter((line) => line.includes('CFG_MARKS')).length;
  expect(marked(file('nftables_ipvs', [persistent]))).toBe(1);
  expect(marked(file('router_id x', [persistent]))).toBe(0);
  expect(marked(file('nftables_ipvs', [{ ...persistent, more: '' }]))).toBe(0);
  expect(marked(file('nftables_ipvs', [{ ...persistent, members: '10.1.0.1 80' }]))).toBe(0);
});

test('the directors of a pair: another order gives other marks', () => {
  const instance = (priority: number) => `vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    virtual_ipaddress {
        10.1.0.1/24
        10.1.0.2/24
    }
}
`;
  const compare = (...[a, b]: [string, string]) => {
    const [first, second] = [read(`${a}${instance(150)}`), read(`${b}${instance(100)}`)];
    const { sources, diagnostics } = comparePair(first, second, false);
    return recordDiagnostics(sources, diagnostics)
      .flatMap(({ code, message }) => (code === 'CFG_PAIR_MARKS' ? [message] : []))
      .toSorted();
  };
  const [a, b] = [group('a', 1), group('b', 2)];
  expect(compare(file('nftables_ipvs', [a, b]), file('nftables_ipvs', [a, b]))).toEqual([]);
  expect(compare(file('nftables_ipvs', [a, b]), file('nftables_ipvs', [b, a]))).toEqual([
    'the mark of group a TCP is 1001 here and 1000 on the other director',
    'the mark of group b TCP is 1000 here and 1001 on the other director',
  ]);
  expect(compare(file('nftables_ipvs', [a]), file('router_id x', [a]))).toEqual([
    'the mark of group a TCP is none, each address is a service here and 1000 on the other director',
  ]);
});
