// Both forms say the same: every example and every file of the corpus, there and back, with its comments.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectComments } from '../../src/config/comments.ts';
import { convertConfiguration, type Form } from '../../src/config/convert.ts';
import { printKeepalived } from '../../src/config/print.ts';
import { readConfiguration } from '../../src/config/read.ts';
import { TOP } from '../../src/config/schema/top.ts';
import { printYaml } from '../../src/config/yaml/print.ts';
import { yamlLibrary as yaml } from '../../src/linux/yaml-library.ts';
import { pairConfigurations } from './pairs.ts';

const ROOT = join(import.meta.dirname, '../..');
const corpus = new Map([
  ...globSync(['examples/*/*.conf', 'test/config/files/*.conf'], { cwd: ROOT }).map(
    (name) => [name, readFileSync(join(ROOT, name), 'utf8')] as const,
  ),
  ...pairConfigurations().map(({ name, text }) => [`pair-${name}.conf`, text] as const),
]);
/** What cannot be read as statements cannot be printed: braces and quotes that are open, unknown words. */
const UNREADABLE = new Set(['CFG_BRACE', 'CFG_QUOTE', 'CFG_UNKNOWN', 'CFG_DEFINITION', 'CFG_CHARACTER']);

function read(text: string, form: Form) {
  const name = form === 'yaml' ? 'x.yaml' : 'x.conf';
  const { configuration, diagnostics, statements, sources } = readConfiguration([{ name, text }], {
    yaml,
    keep: true,
  });
  const model = JSON.parse(JSON.stringify(configuration, (key, value) => (key === 'at' ? undefined : value)));
  const codes = diagnostics.map(({ code }) => code).toSorted();
  return { model, codes, statements, comments: () => collectComments(sources, statements, yaml) };
}

function convert(text: string, from: Form, to: Form): string {
  const { statements, comments } = read(text, from);
  return to === 'yaml' ? printYaml(statements, TOP, comments()) : printKeepalived(statements, comments());
}

describe('there and back', () => {
  const readable = [...corpus].filter(
    ([, text]) => !read(text, 'keepalived').codes.some((code) => UNREADABLE.has(code)),
  );

  test('most of the corpus can be read', () => {
    expect(readable.length).toBeGreaterThan(corpus.size - 12);
  });

  test.each(readable)('%s', (_, text) => {
    const { model, codes } = read(text, 'keepalived');
    const there = convert(text, 'keepalived', 'yaml');
    expect(read(there, 'yaml')).toMatchObject({ model, codes });
    const back = convert(there, 'yaml', 'keepalived');
    expect(read(back, 'keepalived')).toMatchObject({ model, codes });
    expect(convert(back, 'keepalived', 'yaml')).toBe(there);
    expect(convert(back, 'keepalived', 'keepalived')).toBe(back);
    expect(convert(there, 'yaml', 'yaml')).toBe(there);
  });

  test('an example comes back letter by letter', () => {
    for (const [name, text] of corpus)
      if (name.startsWith('examples/'))
        expect(convert(convert(text, 'keepalived', 'yaml'), 'yaml', 'keepalived')).toBe(text);
  });
});

const COMMENTED = `# at the head

! with another mark
global_defs { # of the block
    # before a statement
    router_id a # after it

    # after a blank line
    vrrp_version 3
    # the last in a block
} # of a closing brace
vrrp_instance A {
    virtual_ipaddress { # of a list
        # before an entry
        10.0.0.1 # after an entry
        # the last in a list
    }
    interface eth0
    virtual_router_id 1
    track_interface {
        # in an empty block
    }
}
# between
vrrp_instance B {
    interface eth0
    virtual_router_id 2
    priority 5#glued
    priority 6 # again
    virtual_ipaddress { 10.0.0.2 } # of both
}
# at the end
`;

describe('comments', () => {
  const words = [...COMMENTED.matchAll(/[#!] ?([a-z].*)/g)].map((match) => match[1]!);

  test('all survive, there and back and there again', () => {
    const there = convert(COMMENTED, 'keepalived', 'yaml');
    const back = convert(there, 'yaml', 'keepalived');
    for (const text of [there, back, convert(back, 'keepalived', 'yaml')])
      expect(words.filter((word) => text.split(word).length !== 2)).toEqual([]);
    expect(there).toBe(`# at the head

# with another mark
global_defs: # of the block
  # before a statement
  router_id: a # after it

  # after a blank line
  vrrp_version: 3
  # the last in a block
  # of a closing brace
vrrp_instance:
  A:
    virtual_ipaddress: # of a list
      # before an entry
      - 10.0.0.1 # after an entry
      # the last in a list
    interface: eth0
    virtual_router_id: 1
    # in an empty block
    track_interface: []
  # between
  B:
    interface: eth0
    virtual_router_id: 2
    priority:
      - 5 #glued
      - 6 # again
    virtual_ipaddress:
      - 10.0.0.2
      # of both
# at the end
`);
  });

  test('of YAML: beside keys, items and in between', () => {
    const text = `# head
vrrp_instance: # of the keyword
  # above a head
  A: # of a head
    interface: eth0 # of a value
    virtual_router_id: 1
    virtual_ipaddress:
    - 10.0.0.1 # of an item
    # between items
    - address: 10.0.0.2 # of a part
      dev: eth0
    # behind the list
  # beside the block
# behind everything
...
`;
    expect(convert(text, 'yaml', 'keepalived')).toBe(`# head
# of the keyword
# above a head
vrrp_instance A { # of a head
    interface eth0 # of a value
    virtual_router_id 1
    virtual_ipaddress {
        10.0.0.1 # of an item
        # between items
        # of a part
        10.0.0.2 dev eth0
    }
    # behind the list
}
# beside the block
# behind everything
`);
  });

  test('wherever they are, none is lost or doubled, and the second conversion changes nothing', () => {
    const text = pairConfigurations()[0]!.text;
    const bases = [
      { form: 'keepalived', text },
      { form: 'yaml', text: convert(text, 'keepalived', 'yaml') },
    ] as const;
    const place = fc.record({ line: fc.nat({ max: 60 }), own: fc.boolean(), indent: fc.nat({ max: 12 }) });
    fc.assert(
      fc.property(fc.constantFrom(...bases), fc.array(place, { maxLength: 8 }), (base, places) => {
        const lines = base.text.trimEnd().split('\n');
        const marks = places.map((_, i) => `mark-${i}`);
        places.forEach(({ line, own, indent }, i) => {
          const at = Math.min(line, lines.length - 1);
          if (own) lines.splice(at, 0, `${' '.repeat(indent)}# ${marks[i]}`);
          else lines[at] += ` # ${marks[i]}`;
        });
        const other = base.form === 'yaml' ? 'keepalived' : 'yaml';
        const there = convert(`${lines.join('\n')}\n`, base.form, other);
        const back = convert(there, other, base.form);
        for (const one of [there, back])
          expect((one.match(/mark-\d/g) ?? []).toSorted()).toEqual(marks.toSorted());
        expect(convert(back, base.form, other)).toBe(there);
      }),
    );
  });

  test('of lines that are carried out are kept with what follows', () => {
    const text = '# about it\n$IF=eth0 # the inside\n@other priority 5 # not ours\nvrrp_instance A {\n}\n';
    expect(convert(text, 'keepalived', 'keepalived')).toBe(
      '# about it\n# the inside\n# not ours\nvrrp_instance A {\n}\n',
    );
  });
});

describe('converting a file', () => {
  const converted = (text: string, to: Form, others: Readonly<Record<string, string>> = {}) =>
    convertConfiguration([{ name: 'x.conf', text }], to, {
      yaml,
      configId: 'a',
      include: (name) => (others[name] === undefined ? [] : [{ name, text: others[name] }]),
    });

  test('writes out what is included, defined, repeated and conditional, and counts it', () => {
    const { text, carriedOut } = converted(
      '$R=director\nglobal_defs {\n include ids\n @b vrrp_version 2\n}\n~SEQ(N, 1, 2) vrrp_script s$N {}\n',
      'yaml',
      { ids: '# whose\n@a router_id $R\n@b router_id other\n' },
    );
    expect(text).toBe('global_defs:\n  # whose\n  router_id: director\nvrrp_script:\n  s1: {}\n  s2: {}\n');
    expect(carriedOut).toEqual({ includes: 1, definitions: 1, repetitions: 1, otherIds: 2 });
  });

  test('is refused for a mistake, not for what we do not act upon', () => {
    expect(converted('vrrp_instance A {\n foo\n}\n', 'yaml').text).toBeUndefined();
    const refused = `vrrp_instance A {
    interface eth0
    virtual_router_id 1
    authentication {
        auth_type PASS
        auth_pass "a b"
    }
    virtual_ipaddress {
        10.0.0.1
    }
}
`;
    expect(converted(refused, 'yaml').text).toContain('      auth_pass: a b\n');
    expect(converted(refused, 'keepalived').text).toBe(refused);
  });

  test('keeps the order of heads that come again', () => {
    const server = (head: string, protocol: string) =>
      `virtual_server ${head} {\n    lb_algo rr\n    protocol ${protocol}\n}\n`;
    const text = server('10.0.0.1 80', 'TCP') + server('10.0.0.2 80', 'TCP') + server('10.0.0.1 80', 'UDP');
    const there = converted(text, 'yaml').text!;
    expect(there).toContain('virtual_server:\n  - 10.0.0.1 80:\n      lb_algo: rr\n');
    expect(convert(there, 'yaml', 'keepalived')).toBe(text);
  });
});
