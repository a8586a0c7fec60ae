// Scripts as the real keepalived's -t judges them, and as we do: missing, not executable, writable by others.
// Needs root for the owners of files, and namespaces for the interface.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../src/cli/check.ts';
import { readConfiguration } from '../../src/config/read.ts';

import { inspectScript } from '../../src/linux/script-files.ts';

const NOBODY = 65_534;
const directory = mkdtempSync(join(tmpdir(), 'lvs-director-scripts-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const path = (name: string) => join(directory, name);
function program(name: string, mode: number): void {
  writeFileSync(path(name), '#!/bin/sh\n');
  chmodSync(path(name), mode);
}

const file = (script: string, global: string) => `global_defs {
    script_user root
    ${global}
}
vrrp_script chk {
    script ${script}
    interval 1
}
vrrp_instance V {
    state BACKUP
    interface eth0
    virtual_router_id 5
    priority 100
    virtual_ipaddress {
        10.0.0.1/24
    }
    track_script {
        chk
    }
}
`;
const SECURE = 'enable_script_security';
type Case = { script: string; global: string; keepalived: number; ours: number };
const CASES: Readonly<Record<string, Case>> = {
  'secure and enforced': { script: `"${path('good')} -q"`, global: SECURE, keepalived: 0, ours: 0 },
  'secure, not enforced': { script: path('good'), global: '', keepalived: 6, ours: 0 },
  missing: { script: path('none'), global: SECURE, keepalived: 5, ours: 5 },
  'missing, not enforced': { script: path('none'), global: '', keepalived: 5, ours: 5 },
  'writable by all, enforced': { script: path('open'), global: SECURE, keepalived: 5, ours: 6 },
  'writable by all, not enforced': { script: path('open'), global: '', keepalived: 6, ours: 6 },
  'in a directory writable by all': { script: path('shared/good'), global: SECURE, keepalived: 5, ours: 6 },
  'a directory': { script: path('shared'), global: SECURE, keepalived: 5, ours: 5 },
  'found in the path': { script: 'true', global: SECURE, keepalived: 0, ours: 0 },
};

describe('keepalived and we', () => {
  let verdicts: Record<string, number>;
  beforeAll(() => {
    expect(process.geteuid?.(), 'this test needs root').toBe(0);
    chmodSync(directory, 0o755);
    program('good', 0o755);
    program('open', 0o777);
    mkdirSync(path('shared'));
    chmodSync(path('shared'), 0o777);
    program('shared/good', 0o755);
    const names = Object.keys(CASES);
    for (const [i, { script, global }] of Object.values(CASES).entries())
      writeFileSync(path(`${i}.conf`), file(script, global));
    const judge = `ip link add eth0 type veth peer name eth1 || exit 1
      for i in $(seq 0 ${names.length - 1}); do keepalived -t -f "$PWD/$i.conf" >/dev/null 2>&1
        echo $?; done`;
    const output = execFileSync('unshare', ['-n', 'sh', '-c', judge], { cwd: directory, encoding: 'utf8' });
    verdicts = Object.fromEntries(
      output
        .trim()
        .split('\n')
        .map((code, i) => [names[i]!, Number(code)]),
    );
  });

  test.each(Object.entries(CASES))('%s', (name, { script, global, keepalived, ours }) => {
    const exitCode = (compat: boolean) => {
      const source = { name, text: file(script, global) };
      const { diagnostics } = readConfiguration([source], { compat, inspectScript });
      return exitCodeFor(
        // That scripts are not run yet is no verdict on this one.
        diagnostics.filter(({ code }) => code !== 'CFG_UNSUPPORTED'),
        compat,
      );
    };
    expect(verdicts[name]).toBe(keepalived);
    expect(exitCode(true), 'with compat').toBe(keepalived);
    expect(exitCode(false)).toBe(ours);
  });
});

test('what another user owns, root does not run; what runs as another user is that user’s business', () => {
  program('foreign', 0o755);
  chownSync(path('foreign'), NOBODY, NOBODY);
  expect(inspectScript({ program: path('foreign'), user: undefined })?.says).toContain(
    'does not belong to root',
  );
  expect(inspectScript({ program: path('foreign'), user: 'nobody' })).toBeUndefined();
  program('plain', 0o644);
  expect(inspectScript({ program: path('plain'), user: undefined })?.says).toBe('is not executable');
});
