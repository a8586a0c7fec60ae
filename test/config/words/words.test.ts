// The whole language, line by line, judged by Debian's keepalived 2.2.7 with -t and by us: what it takes
// without a word we take, what it complains about we refuse. Where we differ on purpose it says why below.
// Needs namespaces, for the interfaces.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Code, exitCodeOf } from '../../../src/config/codes.ts';
import { readConfiguration } from '../../../src/config/read.ts';
import type { Diagnostic } from '../../../src/core/diagnostic.ts';
import { type Case, cases } from './cases.ts';

type Verdict = { exitCode: number; messages: string };

/** `path: line` → why keepalived takes it and we do not. */
const STRICTER: readonly [RegExp, string][] = [
  [/^vrrp_instance: (unicast_fault_no_peer|track_src_ip)$/, 'without a peer, or a source, nobody is MASTER'],
  [/^global_defs: lvs_sync_daemon /, 'the instance it names has to exist'],
  [/: smtp_helo_name$|: script$/, 'a name or command has to be there'],
  [/: persistence_granularity /, 'a netmask for IPv4, a prefix length for IPv6, and none of 0'],
  [/(suppress_prefixlength|sup_pl) 12[89]$/, 'no prefix is longer than 128, and none of IPv4 than 32'],
  [/ nexthop$/, 'a next hop leads somewhere'],
  [/: smtp_alert(_vrrp|_checker)?( on)?$/, 'mail goes nowhere without a relay and somebody to get it'],
  [/: lthreshold /, 'a lower threshold above the upper one'],
  [/GET\/url: (regex|status_code)/, '2.2.7 takes whatever stands there without looking'],
];
/** `path: line` → why keepalived complains and we do not. */
const MILDER: readonly [RegExp, string][] = [
  [
    /virtual_(routes|rules): .* (protocol|gw|from|vrf) /,
    'what only holds with other words beside it is not looked at',
  ],
  [/_cpu_affinity 10$/, 'how many CPUs there are is the machine’s business'],
  [
    /: (startup_script|shutdown_script|script) /,
    'whether a program is there is asked elsewhere: scripts.test.ts',
  ],
  [
    /: (vrrp_vmac_garp_intvl|vmac_garp_intvl|lvs_sync_daemon_interface|global_tracking)/,
    'an old name, and known as such',
  ],
  [/^vrrp_instance: linkbeat_use_polling|: nb_get_retry /, 'an old name, and known as such'],
  [/: include_check /, '2.2.7 knows none of the words of its own manual'],
  [/^virtual_server: hashed/, 'every service is, whatever its scheduler'],
  [/UDP_CHECK: min_reply_length /, 'a reply has to be longer than it may: UDP_CHECK is not acted upon yet'],
  [/^vrrp_script: (interval|timeout) (0\.001|1\.5)$/, 'milliseconds: newer than 2.2.7'],
  [/^vrrp_script: user /, 'users are not looked up'],
];

function judgeAll(all: readonly Case[]): Verdict[] {
  const directory = mkdtempSync(join(tmpdir(), 'lvs-director-words-'));
  try {
    for (const [i, { text }] of all.entries()) writeFileSync(join(directory, `${i}.conf`), text);
    const script = `ip link add eth0 type veth peer name eth1 || exit 1
      ip link set eth0 up && ip link set eth1 up || exit 1
      i=0; while [ $i -lt ${all.length} ]; do
        m=$(timeout 10 keepalived -t -f "$PWD/$i.conf" 2>&1); printf '%s %s\\0' $? "$m"; i=$((i + 1))
      done`;
    const output = execFileSync('unshare', ['-rn', 'sh', '-c', script], {
      cwd: directory,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output
      .split('\0')
      .slice(0, -1)
      .map((record) => {
        const [, code, messages] = /^(\d+) (.*)$/s.exec(record)!;
        return { exitCode: Number(code), messages: messages! };
      });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A word of 2.3 or later. */
function isNews({ word }: Case, { messages }: Verdict): boolean {
  return messages.includes(`Unknown keyword '${word}'`);
}

/** What keepalived -t would end with a complaint for; that a word is not acted upon yet is none. */
function isComplaint({ severity, code }: Diagnostic): boolean {
  if (code === 'CFG_UNSUPPORTED' || code === 'CFG_UNSAFE') return false;
  return severity === 'error' || exitCodeOf(code as Code, true) !== 0;
}

const explained = (reasons: readonly [RegExp, string][], name: string) =>
  reasons.some(([pattern]) => pattern.test(name));

test('every word, alone, with good values and with bad ones', () => {
  const all = cases();
  const verdicts = judgeAll(all);
  expect(verdicts).toHaveLength(all.length);
  const differences: string[] = [];
  const good = new Set<string>();
  const used = new Set<RegExp>();
  for (const [i, one] of all.entries()) {
    const verdict = verdicts[i]!;
    const name = `${one.path}: ${one.line}`;
    if (isNews(one, verdict)) continue;
    const { diagnostics } = readConfiguration([{ name: 'x', text: one.text }]);
    const errors = diagnostics.filter(isComplaint);
    const complains = verdict.exitCode !== 0 || verdict.messages !== '';
    if (!complains) good.add(`${one.path} ${one.word}`);
    if (complains === errors.length > 0) continue;
    const reasons = complains ? MILDER : STRICTER;
    for (const [pattern] of reasons) if (pattern.test(name)) used.add(pattern);
    if (explained(reasons, name)) continue;
    const ours = errors.map(({ message }) => message).join('; ') || 'nothing';
    differences.push(`${name}\n  keepalived: ${verdict.messages || 'nothing'}\n  we: ${ours}`);
  }
  expect(differences.join('\n')).toBe('');
  const unused = [...STRICTER, ...MILDER].filter(([pattern]) => !used.has(pattern));
  expect(unused, 'reasons that explain nothing').toEqual([]);
  // Rows that keepalived takes prove that the surroundings are clean: nearly every word has one.
  expect(good.size).toBeGreaterThan(370);
  console.info(`${all.length} lines, of which keepalived takes ${good.size} words in some form`);
}, 180_000);
