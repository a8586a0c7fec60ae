// The files Debian's keepalived brings as samples: what it takes we take, but for what is refused on purpose
// until it is there. Some of them are wrong, and the messages agree on that. They stay where Debian put them.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../src/cli/check.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/config/render.ts';
import { judge } from './referee.ts';

const SAMPLES = '/usr/share/doc/keepalived/samples';
const PREFIX = 'keepalived.conf.';
/** Words without which a director would do harm. */
const REFUSED = ['SSL_GET'];
/** What is wrong with them: a group without its inner braces, an address that is none. */
const WRONG = ['vrrp.lvs_syncd', 'vrrp.rules'];

const samples = new Map(
  readdirSync(SAMPLES)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => [name.slice(PREFIX.length), readFileSync(`${SAMPLES}/${name}`, 'utf8')]),
);

describe('Debian’s samples', () => {
  // The names that judge() looks for end in .conf.
  const verdicts = judge(new Map([...samples].map(([name, text]) => [`${name}.conf`, text])));

  test('are there', () => {
    expect(samples.size).toBeGreaterThan(20);
  });

  test.each([...samples])('%s', (name, text) => {
    const { sources, diagnostics } = readConfiguration([{ name, text }]);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const said = renderDiagnostics(sources, errors);
    const unsafe = errors.filter(({ code }) => code === 'CFG_UNSAFE');
    expect(unsafe.length > 0, said).toBe(REFUSED.includes(name));
    expect(errors.length > unsafe.length, said).toBe(WRONG.includes(name));
    const verdict = verdicts.get(`${name}.conf`)!;
    const complaints = verdict.messages.split('\n').filter((line) => line !== '' && !isOfTheMachine(line));
    if (WRONG.includes(name)) expect(complaints).not.toEqual([]);
    // What it takes without a word we take: left out in part, mostly, but not refused.
    const lenient = exitCodeFor(readConfiguration([{ name, text }], { compat: true }).diagnostics, true);
    if (!REFUSED.includes(name)) expect([0, 5]).toContain(lenient);
  });
});

/** It runs where there are eth0 and eth1 only. */
function isOfTheMachine(line: string): boolean {
  return /doesn't exist|does not exist|Non-existent interface/i.test(line);
}
