// The YAML form: that it says what keepalived's form says, and that a mistake is shown where it is.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/config/render.ts';
import type { Statement } from '../../src/config/tree.ts';
import type { Source } from '../../src/core/diagnostic.ts';
import { yamlLibrary as yaml } from '../../src/linux/yaml-library.ts';

function read(text: string, others: readonly Source[] = [], name = 'x.yaml') {
  const include = (pattern: string) => others.filter((source) => source.name === pattern);
  const result = readConfiguration([{ name, text }], { yaml, include, keep: true });
  const said = renderDiagnostics(result.sources, result.diagnostics);
  return { ...result, said, tree: result.statements.map(plain) };
}

type Plain = [string[], Plain[]?];
function plain({ words, body }: Statement): Plain {
  const texts = words.map((word) => word.text);
  return body === undefined ? [texts] : [texts, body.statements.map(plain)];
}

/** Both texts are the same statements. */
function same(yamlText: string, text: string): void {
  expect(read(yamlText).tree).toEqual(read(text, [], 'x.conf').tree);
}

describe('says what keepalived says', () => {
  test.each([
    ['a flag', 'global_defs: {enable_dbus: true}', 'global_defs {\nenable_dbus\n}'],
    ['a flag that is not there', 'global_defs: {enable_dbus: false}', 'global_defs {\n}'],
    ['a flag without a value', 'global_defs:\n  enable_dbus:\n', 'global_defs {\nenable_dbus\n}'],
    ['on and off', 'global_defs: {vrrp_strict: false}', 'global_defs {\nvrrp_strict false\n}'],
    ['a number', 'global_defs: {vrrp_version: 3}', 'global_defs {\nvrrp_version 3\n}'],
    ['a number as it is written', 'global_defs: {umask: 022}', 'global_defs {\numask 022\n}'],
    ['one word with blanks', 'global_defs: {router_id: a b}', 'global_defs {\nrouter_id "a b"\n}'],
    ['a quote', `global_defs: {router_id: 'a"b'}`, 'global_defs {\nrouter_id "a\\"b"\n}'],
    ['a block scalar', 'global_defs:\n  router_id: |\n    a b\n', 'global_defs {\nrouter_id "a b"\n}'],
    [
      'the words of a line',
      'global_defs: {lvs_sync_daemon: eth0 VI_1 id 51}',
      'global_defs {\nlvs_sync_daemon eth0 VI_1 id 51\n}',
    ],
    [
      'a line as a sequence of words',
      'global_defs: {vrrp_cpu_affinity: [1, 2]}',
      'global_defs {\nvrrp_cpu_affinity 1 2\n}',
    ],
    [
      'a line as a mapping',
      'global_defs: {lvs_sync_daemon: {interface: eth0, id: 51}}',
      'global_defs {\nlvs_sync_daemon eth0 id 51\n}',
    ],
    [
      'a script and its user',
      'vrrp_instance: {V: {notify: {user: u, command: /bin/x -q}}}',
      'vrrp_instance V {\nnotify "/bin/x -q" u\n}',
    ],
    [
      'a value that may be left out',
      'virtual_server: {10.0.0.1 80: {persistence_timeout: true}}',
      'virtual_server 10.0.0.1 80 {\npersistence_timeout\n}',
    ],
    [
      'a keyword several times',
      'vrrp_instance: {V: {priority: [1, 2]}}',
      'vrrp_instance V {\npriority 1\npriority 2\n}',
    ],
    [
      'a line several times',
      'global_defs: {vrrp_cpu_affinity: [[1, 2], [3]]}',
      'global_defs {\nvrrp_cpu_affinity 1 2\nvrrp_cpu_affinity 3\n}',
    ],
    ['words too many', 'vrrp_instance: {V: {nopreempt: [[x]]}}', 'vrrp_instance V {\nnopreempt x\n}'],
    [
      'settings of IPVS',
      'director: { ipvs: { sloppy_tcp: on, pmtu_disc: off, conn_reuse_mode: 0 } }',
      'director {\nipvs {\nsloppy_tcp on\npmtu_disc off\nconn_reuse_mode 0\n}\n}',
    ],
    ['an empty block', 'global_defs:\ndirector: {}', 'global_defs {\n}\ndirector {\n}'],
    ['a block that is left out', 'global_defs: false', ''],
    [
      'a block several times',
      'global_defs: [{router_id: a}, {router_id: b}]',
      'global_defs {\nrouter_id a\n}\nglobal_defs {\nrouter_id b\n}',
    ],
    [
      'heads of several words',
      'virtual_server: {10.0.0.1 80: {}, fwmark 3: {}, group G: {}}',
      'virtual_server 10.0.0.1 80 {\n}\nvirtual_server fwmark 3 {\n}\nvirtual_server group G {\n}',
    ],
    [
      'the same head twice, and in any order',
      'virtual_server: [{a 1: {}, b 2: [{}, {ops: true}]}, {a 1: {}}]',
      `virtual_server a 1 {
}
virtual_server b 2 {
}
virtual_server b 2 {
 ops
}
virtual_server a 1 {
}`,
    ],
    ['a head in the key', 'vrrp_instance V: {priority: 5}', 'vrrp_instance V {\npriority 5\n}'],
    ['a quoted head', `vrrp_instance: {'"a b"': {}}`, 'vrrp_instance "a b" {\n}'],
    [
      'a list',
      'vrrp_instance: {V: {virtual_ipaddress: [10.0.0.1/24 dev eth0, {address: 10.0.0.2, dev: eth1}]}}',
      'vrrp_instance V {\nvirtual_ipaddress {\n10.0.0.1/24 dev eth0\n10.0.0.2 dev eth1\n}\n}',
    ],
    [
      'a list of one',
      'vrrp_instance: {V: {track_interface: eth1}}',
      'vrrp_instance V {\ntrack_interface {\neth1\n}\n}',
    ],
    [
      'a list several times',
      'vrrp_instance: {V: {track_interface: [[eth1], [eth2, eth3]]}}',
      'vrrp_instance V {\ntrack_interface {\neth1\n}\ntrack_interface {\neth2\neth3\n}\n}',
    ],
    [
      'anchors, aliases and merges',
      'vrrp_instance:\n  A: &a {priority: &p 5}\n  B: {priority: *p}\n  C: {<<: *a, accept: true}\n',
      `vrrp_instance A {
 priority 5
}
vrrp_instance B {
 priority 5
}
vrrp_instance C {
 priority 5
 accept
}`,
    ],
    ['several documents', 'global_defs: {}\n---\ndirector: {}\n', 'global_defs {\n}\ndirector {\n}'],
    ['nothing', '# nothing\n', ''],
  ])('%s', (_, yamlText, text) => same(yamlText, text));
});

describe('files of both forms', () => {
  const conf = { name: 'x.conf', text: 'vrrp_instance V {\n priority 300\n' };
  const other = { name: 'y.yaml', text: 'include: z.yaml\ndirector: {engine: auto}' };

  test('a YAML file includes either, and what is wrong there is shown there', () => {
    const { tree, said } = read('include: [x.conf, y.yaml]\nglobal_defs: {}', [conf, other]);
    expect(tree.map(([words]) => words.join(' '))).toEqual(['vrrp_instance V', 'director', 'global_defs']);
    expect(said).toContain('x.conf:2:11: error: priority must be 1 to 255');
    expect(said).toContain('x.conf:1:17: error: `vrrp_instance V` is not closed');
    expect(said).toContain('y.yaml:1:10: warning: there is no file z.yaml');
  });

  test('no file includes itself', () => {
    const self = { name: 'x.yaml', text: 'include: x.yaml' };
    expect(read(self.text, [self]).said).toContain('x.yaml:1:10: error: x.yaml includes itself');
  });

  test("keepalived's form includes no YAML", () => {
    const { said } = read('include y.yaml\n', [other], 'x.conf');
    expect(said).toContain('x.conf:1:9: error: y.yaml is YAML [CFG_INCLUDE]');
  });

  test('are read as one', () => {
    const { configuration, diagnostics } = readConfiguration(
      [
        { name: 'a.conf', text: 'global_defs {\n router_id a\n}\n' },
        { name: 'b.yml', text: 'director: {vip_lease: 9}' },
      ],
      { yaml },
    );
    expect(diagnostics).toEqual([]);
    expect(configuration.global.routerId?.value).toBe('a');
    expect(configuration.director.vipLeaseSeconds.value).toBe(9);
  });

  test('without the package every file is keepalived’s', () => {
    const { diagnostics } = readConfiguration([{ name: 'x.yaml', text: 'global_defs {\n}\n' }]);
    expect(diagnostics).toEqual([]);
  });
});

describe('aliases of aliases', () => {
  const bomb = (line: (inner: string) => string) => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} ${line(`*a${i}`)}`);
    return ['a0: &a0 x', ...lines].join('\n');
  };

  test('in sequences end in one complaint', () => {
    const tenfold = (inner: string) => `[${Array(10).fill(inner).join(', ')}]`;
    const started = performance.now();
    const { said } = read(`${bomb(tenfold)}\nvrrp_instance: {V: {virtual_ipaddress: *a12}}\n`);
    expect(said.split('grows without end')).toHaveLength(2);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('in merges too', () => {
    const tenfold = (inner: string) => `{<<: [${Array(10).fill(inner).join(', ')}]}`;
    const { said } = read(`${bomb(tenfold).replace('&a0 x', '&a0 {}')}\nglobal_defs: *a12\n`);
    expect(said.split('grows without end')).toHaveLength(2);
  });
});

test('an unknown key of a mapping is left out with --compat, as an unknown word of a line is', () => {
  const instance = 'vrrp_instance:\n  V:\n    interface: eth0\n    virtual_router_id: 1\n';
  const text = `${instance}    virtual_ipaddress: {address: 10.0.0.1/32, dwv: eth1}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x.yaml', text }], {
    yaml,
    compat: true,
  });
  expect(diagnostics.map(({ severity, code }) => [severity, code])).toEqual([['ignored', 'CFG_UNKNOWN']]);
  expect(configuration.instances[0]!.virtualAddresses[0]!.prefix.value.address).toBe('10.0.0.1');
});
