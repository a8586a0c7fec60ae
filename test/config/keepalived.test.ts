// The referee: Debian's keepalived 2.2.7 with -t. What it accepts without a word we accept without one, what
// it complains about we refuse, and where we are stricter on purpose the file's name says so. Needs
// namespaces, for the interfaces.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../src/cli/check.ts';
import { convertConfiguration } from '../../src/config/convert.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/config/render.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import { pairConfigurations } from './pairs.ts';

const KEEPALIVED = '/usr/sbin/keepalived';
const FILES = join(import.meta.dirname, 'files');

const files = new Map([
  ...readdirSync(FILES).map((name) => [name, readFileSync(join(FILES, name), 'utf8')] as const),
  // VRRP over IPv6 is refused on purpose until it is there.
  ...pairConfigurations().map(
    ({ name, text }) => [`${name.endsWith('-6') ? 'stricter' : 'accepted'}-pair-${name}.conf`, text] as const,
  ),
]);

/** By way of YAML and back: what was accepted is accepted still. */
function converted(text: string): string {
  const there = convertConfiguration([{ name: 'x.conf', text }], 'yaml', { yaml: yamlLibrary }).text!;
  const back = convertConfiguration([{ name: 'x.yaml', text: there }], 'keepalived', { yaml: yamlLibrary });
  return back.text!;
}

const corpus = new Map([
  ...files,
  ...[...files]
    .filter(([name]) => name.startsWith('accepted-'))
    .map(([name, text]) => [name.replace('accepted-', 'accepted-converted-'), converted(text)] as const),
]);

/**
 * One namespace for the whole corpus: eth0 and eth1 exist in it. Answers the exit code and messages for each
 * file.
 */
function judgeAll(directory: string): Map<string, { exitCode: number; messages: string }> {
  const script = `ip link add eth0 type veth peer name eth1 || exit 1
    ip link set eth0 up && ip link set eth1 up || exit 1
    for f in *.conf; do m=$(${KEEPALIVED} -t -f "$PWD/$f" 2>&1); printf '%s %s\\0' "$? $f" "$m"; done`;
  const output = execFileSync('unshare', ['-rn', 'sh', '-c', script], { cwd: directory, encoding: 'utf8' });
  return new Map(
    output
      .split('\0')
      .slice(0, -1)
      .map((record) => {
        const [, code, name, messages] = /^(\d+) (\S+) ?(.*)$/s.exec(record)!;
        return [name!, { exitCode: Number(code), messages: messages! }];
      }),
  );
}

describe('against keepalived', () => {
  let verdicts: ReturnType<typeof judgeAll>;
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lvs-director-config-'));
    for (const [name, text] of corpus) writeFileSync(join(directory, name), text);
    verdicts = judgeAll(directory);
  }, 60_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('the referee is the version we know', () => {
    const { stderr, stdout } = spawnSync(KEEPALIVED, ['-v'], { encoding: 'utf8' });
    expect(`${stderr}${stdout}`).toMatch(/Keepalived v2\./);
    expect(verdicts.size).toBe(corpus.size);
  });

  test.each([...corpus])('%s', (name, text) => {
    const verdict = verdicts.get(name)!;
    const strict = readConfiguration([{ name, text }]);
    const said = renderDiagnostics(strict.sources, strict.diagnostics);
    const lenient = exitCodeFor(readConfiguration([{ name, text }], { compat: true }).diagnostics);
    if (name.startsWith('accepted-')) {
      expect(verdict).toEqual({ exitCode: 0, messages: '' });
      expect(exitCodeFor(strict.diagnostics), said).toBe(0);
      expect(lenient).toBe(0);
    } else if (name.startsWith('refused-')) {
      expect(verdict.exitCode, verdict.messages).not.toBe(0);
      expect(exitCodeFor(strict.diagnostics)).toBe(4);
      expect(lenient).not.toBe(0);
    } else {
      expect(name).toMatch(/^stricter-/);
      expect(verdict).toEqual({ exitCode: 0, messages: '' });
      expect(exitCodeFor(strict.diagnostics), said).not.toBe(0);
    }
  });
});
