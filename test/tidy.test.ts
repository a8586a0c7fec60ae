// House rules as a test (STYLE): import directions, no clocks or I/O in pure folders, sizes, no
// unfinished business.
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Folder → folders it may import besides itself. Pure ones first, then the edges. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  config: ['core'],
  vrrp: ['core'],
  netlink: ['core'],
  ipvs: ['core', 'netlink'],
  sync: ['core'],
  health: ['core'],
  director: ['core', 'config', 'vrrp', 'netlink', 'ipvs', 'sync', 'health'],
  linux: ['core', 'config', 'vrrp', 'netlink', 'ipvs', 'sync', 'health', 'director'],
  probes: ['core', 'health', 'linux'],
  console: ['core', 'vrrp', 'ipvs', 'health', 'sync', 'director', 'linux'],
  daemon: [
    'core',
    'config',
    'vrrp',
    'netlink',
    'ipvs',
    'sync',
    'health',
    'director',
    'linux',
    'probes',
    'console',
  ],
  cli: ['core', 'config', 'vrrp', 'ipvs', 'health', 'director', 'linux', 'console', 'daemon'],
};
const PURE = ['core', 'config', 'vrrp', 'netlink', 'ipvs', 'sync', 'health', 'director'];
const PURE_MODULES = ['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto', 'ipaddr.js', 'yaml'];
const IMPURE =
  /\b(Date\.now|new Date\b|performance\.|Math\.random|setTimeout|setInterval|setImmediate|process\.|fetch\()/;
const RANDOM = /\b(random(Bytes|Fill|Int|UUID)|getRandomValues|generateKey)/;
const LIMITS = { functionLines: 60, fileLines: 400, lineLength: 110 };
// Generated tables and golden bytes are data, not code to read.
const DATA = /\/(golden|generated)\//;

const files = globSync('{src,test,tools}/**/*.ts').filter((file) => !DATA.test(file));
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));

describe.each([...sources])('%s', (file, text) => {
  const lines = text.split('\n');
  const folder = file.startsWith('src/') ? file.split('/')[1]! : undefined;

  test('begins with what it is', () => {
    expect(lines[0]).toMatch(/^\/\/ \S/);
  });

  test('keeps to the sizes', () => {
    expect(lines.length).toBeLessThanOrEqual(LIMITS.fileLines);
    const long = lines
      .map((line, i) => [i + 1, line.length])
      .filter(([, length]) => length! > LIMITS.lineLength);
    expect(long).toEqual([]);
    expect(longFunctions(lines)).toEqual([]);
  });

  test('has no unfinished business', () => {
    expect(text).not.toMatch(new RegExp(`\\b(${'TO'}DO|${'FIX'}ME|${'XX'}X)\\b(?!\\(#\\d+\\))`));
    expect(text).not.toMatch(new RegExp(`\\b(test|it|describe)\\.(${'only'}|${'skip'}|${'todo'})\\b`));
  });

  if (folder !== undefined)
    test('imports downwards only', () => {
      for (const target of imports(text)) {
        if (!target.startsWith('.')) {
          if (PURE.includes(folder)) expect(PURE_MODULES).toContain(target);
          continue;
        }
        const other = posix.join(posix.dirname(file), target).split('/')[1]!;
        expect([folder, ...(MAY_IMPORT[folder] ?? [])], `${file} imports ${target}`).toContain(other);
      }
    });

  if (folder !== undefined && PURE.includes(folder))
    test('is pure', () => {
      const code = lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)).join('\n');
      expect((code.match(IMPURE) ?? code.match(RANDOM))?.[0]).toBeUndefined();
    });
});

function imports(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b[^;'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gms)].map(
    (match) => (match[1] ?? match[2])!,
  );
}

const FUNCTION =
  /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*? \w+|(?:static |async )*#?\w+\(.*\{$)/;
const STATEMENT = /^\s*(if|for|while|switch|test|describe|it|return|catch)\b/;

/**
 * Biome's layout makes this simple: a function ends where its indentation is met again by a closing brace.
 */
function longFunctions(lines: readonly string[]): string[] {
  const found: string[] = [];
  lines.forEach((line, start) => {
    const head = FUNCTION.exec(line);
    if (!head || STATEMENT.test(line)) return;
    const end = lines.findIndex((other, i) => i > start && other.startsWith(`${head[1]}}`));
    if (end - start + 1 > LIMITS.functionLines) found.push(`line ${start + 1}: ${end - start + 1} lines`);
  });
  return found;
}
