// Statements that keepalived 2.2.7 was asked about, one a row (golden/lines): what it takes without a word we
// take, and what it complains of we do not take without a word.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { type JudgedRow, judgedRows, wholeFile } from './rows.ts';

const TAKEN: readonly JudgedRow['verdict'][] = ['good', 'newer', 'machine'];
/** Errors on purpose, by statement. */
const STRICTER = new Map([
  ['lthreshold 100', 'without an uthreshold the kernel refuses the server (ip_vs_ctl.c)'],
  ['lthreshold 4294967295', 'the same'],
  [
    'virtual_server_group pool {\n10.0.0.50 80\nfd00::50 80\n}\nvirtual_server group pool {\nlvs_sched rr\n' +
      'lvs_method NAT\nprotocol TCP\nreal_server 10.1.0.21 80 {\n}\n}',
    'of both families with a server that is not in a tunnel: it leaves the service out when it starts',
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is keepalived's.
  ['router_id ${_ENV HOME}', 'a reader without an environment has no value for it'],
]);

const FOLLOWED = [
  'track_group TG_1 {\ngroup {\nVI_1\n}\n}',
  'static_rules {\nfrom 10.5.0.0/24 table 100 preference 100 track_group TG_1\n}',
].join('\n');
/** Taken without a word, although keepalived complains, by block. */
const LENIENT = new Map([
  ['vrrp_script interval 0.5', 'ours are in milliseconds'],
  ['vrrp_script timeout 0.5', 'the same'],
  ["vrrp_script script '/bin/true", 'a quote that nobody closes is closed by the end'],
  ['vrrp_script weight 2 noreverse', 'later versions know it'],
  ['vrrp_track_process weight 2 noreverse', 'the same'],
  ['track_file weight 2 noreverse', 'the same'],
  ['bfd_instance weight 2 noreverse', 'the same'],
  ['vrrp_instance/track_interface eth1 weight 10 noreverse', 'the same'],
  ['vrrp_instance/virtual_routes 10.5.0.0/24 via inet6 fd00::1 dev eth0', 'newer kernels take it'],
  ['vrrp_instance/virtual_routes 10.5.0.0/24 via fd00::1 dev eth0', 'the same'],
  ['vrrp_instance/virtual_routes 10.5.0.0/24 no_track nexthop via inet6 fd00::1 dev eth0', 'the same'],
  [`TOP ${FOLLOWED}`, '2.2.7 does not do what its manual says'],
  ['vrrp_instance/virtual_rules inet6 table 100 preference 100', '2.2.7 skips the word behind it'],
  ['vrrp_instance/virtual_rules inet table 100 preference 100', 'the same'],
  ['vrrp_instance/virtual_rules from all inet6 table 100 preference 100', 'the same'],
  ['vrrp_instance/virtual_rules not fwmark 5 inet6 table 100 preference 100', 'the same'],
]);

const rows = judgedRows().filter(({ verdict }) => TAKEN.includes(verdict));
const contexts = [...Map.groupBy(rows, ({ context }) => context)];

test('there are rows of every block', () => {
  expect(rows.length).toBeGreaterThan(1500);
  expect(contexts.length).toBeGreaterThan(40);
});

test.each(contexts)('%s', (_, inContext) => {
  const refused = inContext.flatMap((row) => {
    const { diagnostics } = readConfiguration([{ name: row.where, text: wholeFile(row) }]);
    // What is not acted upon yet is another matter: here it is about how the language is read.
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.some(({ code }) => code === 'CFG_UNSAFE')) return [];
    const isRefused = errors.length > 0;
    if (isRefused === STRICTER.has(row.statement)) return [];
    return [`${row.where} ${row.statement}: ${errors.map(({ code, message }) => `${code} ${message}`)}`];
  });
  expect(refused).toEqual([]);
});

const bad = judgedRows().filter(({ verdict }) => verdict === 'bad' || verdict === 'stricter');

test.each([...Map.groupBy(bad, ({ context }) => context)])('%s: what is wrong', (_, inContext) => {
  const silent = inContext.flatMap((row) => {
    const { diagnostics } = readConfiguration([{ name: row.where, text: wholeFile(row) }]);
    const isSilent = diagnostics.length === 0;
    return isSilent === LENIENT.has(`${row.context} ${row.statement}`)
      ? []
      : [`${row.where} ${row.statement}`];
  });
  expect(silent).toEqual([]);
});
