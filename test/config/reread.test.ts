// A text that differs from the one before in some virtual servers is read as that one with those exchanged:
// whatever is done to a file, the outcome is that of a full reading, and what did not change is the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Former } from '../../src/config/former.ts';
import { type ReadOptions, readConfiguration } from '../../src/config/read.ts';
import { rereadConfiguration } from '../../src/config/reread.ts';
import { manyServices } from '../bench/services.ts';

const RUNS = 300;
const MOST_EDITS = 4;

const sourcesOf = (text: string) => [{ name: 'x', text }];

/** Two configurations are compared by what they say: places are those of a text before. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'at')
      .map(([name, inner]) => [name, withoutPlaces(inner)]),
  );
}

const HEAD = `global_defs {
    router_id a
    script_user root
    enable_script_security
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        10.0.0.0/24
${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `        10.0.0.${n}/32\n`).join('')}    }
}
`;
const GROUP = `virtual_server_group web {
    10.0.0.1 8000
    fwmark 9
}
virtual_server group web {
    lvs_sched wrr
    lvs_method NAT
    protocol TCP
    real_server 10.1.0.9 80 {
    }
}
`;

function block(address: number, servers: number, more: string): string {
  const each = Array.from(
    { length: servers },
    (_, i) => `    real_server 10.1.${i}.${address} 8080 {\n        weight ${i + 1}\n    }\n`,
  );
  const head = `virtual_server 10.0.0.${address} 80 {\n    lvs_sched wrr\n    lvs_method NAT\n`;
  return `${head}    protocol TCP\n${more}${each.join('')}}\n`;
}

/** What a block may have; the last ones are worth a word. */
const MORE = [
  '',
  '    delay_loop 5\n',
  '    persistence_timeout 50\n',
  '    # a comment } {\n',
  '    quorum_up "/bin/true up" root\n',
  '    sorry_server 10.2.0.1 80\n',
  '    inhibit_on_failure\n    ha_suspend\n',
  '    ops\n',
  '    nonsense\n',
  '    smtp_alert\n',
  '    quorum_down "/bin/true down" nobody\n',
];
const BETWEEN = ['', '\n', '# a comment\n', '! another {\n', '   \t\r\n'];
const PIECES = [
  ...['{', '}', '\n', ' ', '\n\n', '#', '!', '"', '\\', '$', '@x ', '~SEQ(A,1,2) ', '\u00a0', '{{ a }}'],
  ...['include x\n', '$A=1\n', '@other weight 1\n', 'virtual_server', 'real_server 10.1.7.7 80 {\n}\n'],
  ...['virtual_server 10.0.0.2 80 {\n', 'weight 3\n', '} virtual_server 10.0.0.3 80 {', '    delay_loop 7\n'],
];

/** In other blocks than virtual servers, with words that some of these go by. */
const OTHERS: readonly [string, string][] = [
  ['router_id a', 'router_id b'],
  ['script_user root', 'script_user nobody'],
  ['    enable_script_security\n', ''],
  ['        10.0.0.8/32\n', '        10.0.0.8/32\n        10.1.0.3/32\n'],
  ['        10.0.0.8/32\n', ''],
  ['    virtual_ipaddress {', '    priority 120\n    virtual_ipaddress {'],
  ['    fwmark 9\n', '    fwmark 10\n'],
  [HEAD, `${HEAD}director {\n    compat\n}\n`],
  [HEAD, `${HEAD}static_ipaddress {\n    10.3.0.1/24 dev eth0\n}\n`],
];

const aBlock = fc
  .record({
    address: fc.nat({ max: 9 }),
    servers: fc.integer({ min: 1, max: 3 }),
    more: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom(...MORE)),
  })
  .map(({ address, servers, more }) => block(address, servers, more));
/** Once in a while another block than a virtual server, or one that stands twice. */
const aFile = fc
  .record({
    head: fc.constantFrom(HEAD, '', HEAD),
    blocks: fc.uniqueArray(fc.nat({ max: 9 }), { minLength: 1, maxLength: 6 }),
    group: fc.constantFrom('', '', GROUP),
    between: fc.array(fc.constantFrom(...BETWEEN), { minLength: 7, maxLength: 7 }),
    twice: fc.constantFrom('', '', '', '', '', block(1, 1, '')),
    more: fc.array(fc.constantFrom(...MORE.slice(0, 5)), { minLength: 6, maxLength: 6 }),
  })
  .map(({ head, blocks, group, between, twice, more }) => {
    const own = blocks.map((address, i) => between[i]! + block(address, 1 + (address % 3), more[i]!));
    const middle = Math.floor(own.length / 2);
    return head + own.slice(0, middle).join('') + group + own.slice(middle).join('') + between[6]! + twice;
  });

type Edit = (text: string) => string;
const place = fc.double({ min: 0, max: 1, noNaN: true });
/** At the start of the line. */
const lineAt = (text: string, at: number) => text.lastIndexOf('\n', Math.floor(at * text.length) - 1) + 1;
const blocksOf = (text: string) => [...text.matchAll(/^virtual_server (?!group)[^{]*\{[\s\S]*?^\}\n/gm)];

const anEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ at: place, put: aBlock }).map(({ at, put }) => exchange(at, put)) },
  { weight: 2, arbitrary: place.map((at) => exchange(at, '')) },
  {
    weight: 3,
    arbitrary: fc
      .record({ at: place, put: aBlock })
      .map(({ at, put }) => exchange(at, (own) => (at < 0.5 ? own + put : put + own))),
  },
  { weight: 3, arbitrary: place.map((at) => exchange(at, (own) => own.replace(/weight \d/, 'weight 9'))) },
  {
    weight: 3,
    arbitrary: fc.record({ at: place, put: fc.constantFrom(...BETWEEN) }).map(({ at, put }): Edit => {
      return (text) => `${text.slice(0, lineAt(text, at))}${put}${text.slice(lineAt(text, at))}`;
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ at: place, remove: fc.nat({ max: 30 }), put: fc.constantFrom('', ...PIECES) })
      .map(({ at, remove, put }): Edit => {
        return (text) => {
          const start = Math.floor(at * text.length);
          return text.slice(0, start) + put + text.slice(start + remove);
        };
      }),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({ other: fc.constantFrom(...OTHERS), at: place, put: fc.constantFrom('', '', block(9, 1, '')) })
      .map(({ other: [from, to], at, put }): Edit => {
        const more = exchange(at, (own) => put + own);
        return (text) => more(text.replace(from, to));
      }),
  },
  { weight: 1, arbitrary: fc.constant((text: string) => text.trimEnd()) },
  { weight: 1, arbitrary: fc.constant((text: string) => `${text}\n`) },
);

function exchange(at: number, put: string | ((own: string) => string)): Edit {
  return (text) => {
    const found = blocksOf(text);
    const one = found[Math.floor(at * found.length)];
    if (one === undefined) return text;
    const own = typeof put === 'string' ? put : put(one[0]);
    return text.slice(0, one.index) + own + text.slice(one.index + one[0].length);
  };
}

const OPTIONS: ReadOptions = {
  configId: 'here',
  // Programs are there, but of one that nobody may run.
  inspectScript: ({ user }) => (user === 'nobody' ? { kind: 'unusable', says: 'is not there' } : undefined),
};

describe('a text after another', () => {
  test('reads as in full, again and again', () => {
    const counts = { reread: 0, inFull: 0, complaints: 0, kept: 0, edits: 0, others: 0 };
    const check = (first: string, edits: Edit[], compat: boolean, takesBack: boolean) => {
      const options = { ...OPTIONS, compat };
      let former: Former | undefined = readConfiguration(sourcesOf(first), options).former;
      let text = first;
      for (const edit of edits) {
        text = edit(text);
        counts.edits += 1;
        const whole = readConfiguration(sourcesOf(text), options);
        const again = former && rereadConfiguration(former, sourcesOf(text), options);
        if (again === undefined) {
          counts.inFull += 1;
          if (whole.diagnostics.length > 0) {
            counts.complaints += 1;
            // The operator takes it back, or goes on from there.
            if (takesBack) text = former?.source.text ?? text;
          } else former = whole.former;
          continue;
        }
        counts.reread += 1;
        expect(whole.diagnostics, text).toEqual([]);
        expect(withoutPlaces(again.configuration), text).toEqual(withoutPlaces(whole.configuration));
        expect(again.former.statements.starts, text).toEqual(whole.former?.statements.starts);
        expect(again.former.statements.ends, text).toEqual(whole.former?.statements.ends);
        const before = new Set(former!.configuration.virtualServers);
        counts.kept += again.configuration.virtualServers.filter((one) => before.has(one)).length;
        if (again.configuration.instances !== former!.configuration.instances) counts.others += 1;
        former = again.former;
      }
    };
    fc.assert(
      fc.property(
        aFile,
        fc.array(anEdit, { minLength: 1, maxLength: MOST_EDITS }),
        fc.boolean(),
        fc.boolean(),
        check,
      ),
      { numRuns: RUNS },
    );
    console.log(JSON.stringify(counts));
    expect(counts.reread).toBeGreaterThan(counts.edits / 4);
    expect(counts.complaints).toBeGreaterThan(counts.edits / 10);
    expect(counts.kept).toBeGreaterThan(counts.reread);
    expect(counts.others).toBeGreaterThan(counts.edits / 40);
  });

  test('keeps every virtual server that is not touched, as the same object', () => {
    const text = (more: number) => manyServices(50, { isChecked: true, more });
    const { former } = readConfiguration(sourcesOf(text(0)));
    const again = rereadConfiguration(former!, sourcesOf(text(1)), {})!;
    const [before, now] = [former!.configuration, again.configuration];
    expect(now.virtualServers.slice(0, -1).every((one, i) => one === before.virtualServers[i])).toBe(true);
    expect(now.virtualServers.at(-1)!.realServers).toHaveLength(3);
    expect({ ...now, virtualServers: [] }).toEqual({ ...before, virtualServers: [] });
    expect(now.instances).toBe(before.instances);
    const same = rereadConfiguration(again.former, sourcesOf(text(1)), {})!;
    expect(same.configuration.virtualServers.every((one, i) => one === now.virtualServers[i])).toBe(true);
  });

  test('keeps them also when a virtual address comes with one', () => {
    const { former } = readConfiguration(sourcesOf(manyServices(50, { isChecked: true, more: 0 })));
    const next = manyServices(51, { isChecked: true, more: 0 });
    const again = rereadConfiguration(former!, sourcesOf(next), {})!;
    const { virtualServers, instances } = again.configuration;
    expect(virtualServers).toHaveLength(51);
    expect(former!.configuration.virtualServers.every((one, i) => one === virtualServers[i])).toBe(true);
    expect(instances[0]!.virtualAddressesExcluded).toHaveLength(51);
  });

  test('is read in full where another block names a file', () => {
    const { former } = readConfiguration(sourcesOf(HEAD + block(1, 1, '')));
    const key = '    auth_hmac {\n        key 1 file:/etc/key\n        active_key 1\n    }\n';
    const text = HEAD.replace('    interface', `${key}    interface`) + block(1, 1, '');
    const whole = readConfiguration(sourcesOf(text), {
      readKeyFile: () => ({ ok: false, says: 'is asked' }),
    });
    expect(whole.diagnostics.map(({ code }) => code)).toEqual(['CFG_KEY']);
    expect(rereadConfiguration(former!, sourcesOf(text), {})).toBeUndefined();
  });

  test.each<[string, string, string]>([
    ['uses a definition', '$W=2\n', ''],
    ['has a condition', '@here ', ''],
    ['includes others', 'include *.none\n', ''],
    ['has a group among what changes', '', GROUP.replace('wrr', 'wlc')],
  ])('is read in full where it %s', (_, before, after) => {
    const text = (more: string) => `${HEAD}${before}${block(1, 1, '')}${GROUP}${more}`;
    const { former } = readConfiguration(sourcesOf(text('')), OPTIONS);
    const next = after === '' ? `${text('')}${block(2, 1, '')}` : text('').replace(GROUP, after);
    expect(former && rereadConfiguration(former, sourcesOf(next), OPTIONS)).toBeUndefined();
  });

  test('is read in full for another configuration id, or otherwise lenient', () => {
    const { former } = readConfiguration(sourcesOf(HEAD), OPTIONS);
    const reread = (more: ReadOptions) =>
      rereadConfiguration(former!, sourcesOf(`${HEAD}${block(1, 1, '')}`), { ...OPTIONS, ...more });
    expect(reread({})).toBeDefined();
    expect(reread({ compat: true })).toBeUndefined();
    expect(reread({ configId: 'there' })).toBeUndefined();
  });

  test('is read in full when a program of what did not change cannot be run any more', () => {
    const text = HEAD + block(1, 1, MORE[4]!);
    const { former } = readConfiguration(sourcesOf(text), OPTIONS);
    const next = sourcesOf(text + block(2, 1, ''));
    expect(rereadConfiguration(former!, next, OPTIONS)).toBeDefined();
    const inspectScript = () => ({ kind: 'unusable', says: 'is gone' }) as const;
    expect(rereadConfiguration(former!, next, { ...OPTIONS, inspectScript })).toBeUndefined();
  });
});
