// Debian's keepalived 2.2.7 as a referee: what it says about files, and what it makes of them. In a namespace
// of its own, with eth0 and eth1.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KEEPALIVED = '/usr/sbin/keepalived';
const NETWORK = `ip link add eth0 type veth peer name eth1 || exit 1
ip link set eth0 up && ip link set eth1 up || exit 1`;
/** It prints what it has read before it does anything; then it is ended. */
const PRINTING_SECONDS = 2;

export type Verdict = { exitCode: number; messages: string };

export function version(): string {
  const { stderr, stdout } = spawnSync(KEEPALIVED, ['-v'], { encoding: 'utf8' });
  return `${stderr}${stdout}`;
}

/** Answers the exit code and messages of -t for each file, and for those that are missing. */
export function judge(
  files: ReadonlyMap<string, string>,
  program = KEEPALIVED,
  missing = '',
): Map<string, Verdict> {
  const names = `*.conf ${missing}`;
  const one = `m=$(${program} -t -f "$PWD/$f" 2>&1); printf '%s %s\\0' "$? $f" "$m"`;
  const output = inNamespace(files, `for f in ${names}; do ${one}; done`);
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

/** What it reads out of a file's instances: by name, the lines of -d as `Priority` → `100`. */
export function instancesOf(text: string): Map<string, Map<string, string>> {
  const pids = '-p "$PWD/parent.pid" -r "$PWD/vrrp.pid"';
  const run = `timeout ${PRINTING_SECONDS} ${KEEPALIVED} -P -n -l -d -f "$PWD/x.conf" ${pids} 2>&1; true`;
  const output = inNamespace(new Map([['x.conf', text]]), run);
  const instances = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  let list = '';
  for (const line of output.split('\n').map((one) => one.replace(/^.*?\d{4}: /, ''))) {
    const [, name, value] = /^ {1,3}([A-Z][^=]*?) = (.*)$/.exec(line) ?? [];
    if (name === 'VRRP Instance') {
      current = new Map();
      instances.set(value!, current);
    } else if (name !== undefined) current.set(name, value!);
    const heading = /^ {3}([A-Z][^=]*?)(?: \(\d+\))? ?:$/.exec(line)?.[1];
    const entry = /^ {5,6}(\S+)/.exec(line)?.[1];
    if (heading !== undefined) list = heading;
    else if (entry !== undefined) current.set(list, [current.get(list), entry].filter(Boolean).join(' '));
    if (line.startsWith('------< Interfaces')) break;
  }
  return instances;
}

function inNamespace(files: ReadonlyMap<string, string>, script: string): string {
  const cwd = mkdtempSync(join(tmpdir(), 'lvs-director-config-'));
  try {
    for (const [name, text] of files) writeFileSync(join(cwd, name), text);
    const words = ['-rn', 'sh', '-c', `${NETWORK}\n${script}`];
    return execFileSync('unshare', words, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
