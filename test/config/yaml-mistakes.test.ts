// Mistakes in the YAML form, each with its caret: golden/yaml-mistakes.txt. `vitest -u` writes it anew.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the language's own
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { renderDiagnostics } from '../../src/config/render.ts';
import { yamlLibrary as yaml } from '../../src/linux/yaml-library.ts';

const MISTAKES: Readonly<Record<string, string>> = {
  'an unknown key': 'global_defs:\n  routre_id: a\n',
  'a key of another block': 'global_defs:\n  virtual_router_id: 5\n',
  'out of range': 'director: {vip_lease: 9999}\n',
  'the second of two heads, with the keyword far away':
    'virtual_server:\n  10.0.0.1 80: {lb_algo: rr}\n  10.0.0.2: {protocol: TCP, lb_algo: rr}\n',
  'a value of the wrong kind':
    'global_defs:\n  router_id: {a: b}\n  enable_dbus: off\n  lvs_sync_daemon: {interfase: eth0}\n',
  'a part that is missing': 'global_defs:\n  startup_script: {user: root}\n',
  'a block of the wrong kind': 'virtual_server: 10.0.0.1 80\ndirector: x\n',
  'a key that is there twice': 'global_defs:\n  router_id: a\n  router_id: b\n',
  'a colon in a value': 'global_defs:\n  router_id: a: b\n',
  indentation: 'global_defs:\n    router_id: a\n  vrrp_version: 3\n',
  'a quote': 'global_defs: {router_id: "a}\n',
  'a reserved character': 'global_defs:\n  router_id: @home\n',
  'a tag': 'global_defs:\n  router_id: !secret x\n',
  'a tab': 'global_defs:\n\trouter_id: a\n',
  'a dash on the line of its key': 'vrrp_instance:\n  V:\n    virtual_ipaddress: - 10.0.0.1\n',
  'a block scalar of two lines': 'global_defs:\n  router_id: |\n    a\n    b\n',
  'inside of a block scalar': 'global_defs:\n  vrrp_version: >-\n    7\n',
  'a value that is used where it does not fit':
    'global_defs:\n  vrrp_version: &three 3\n  vrrp_min_garp: *three\n',
  'a block that is used where it does not fit': 'global_defs: &g\n  router_id: a\nvrrp_instance:\n  V: *g\n',
  'an alias of nothing': 'global_defs: {router_id: &name a}\ndirector: {engine: *nmae}\n',
  'an alias inside of what it stands for': 'global_defs: &g [*g]\n',
  'a merge of no mapping': 'global_defs: {<<: 5}\n',
  'an entry of a list': `vrrp_instance:
  V:
    virtual_ipaddress:
      - 10.0.0.1/24 dwv eth0
      - "10.0.0.300 dev eth0"
      - {adress: 10.0.0.1}
`,
  'a brace in a line': 'virtual_server: {"10.0.0.1 80 {": {}}\n',
  'words after the value': 'global_defs: {vrrp_version: [[3, router_id]]}\n',
  'a definition of keepalived’s form': 'global_defs: {router_id: "${NAME}-a"}\n',
  'a backslash at the end': "global_defs: {router_id: 'a\\'}\n",
  'no mapping at all': 'just a text\n',
  'keepalived’s form': 'global_defs {\n  router_id a\n}\n',
};

test('each is shown where it is', async () => {
  const shown = Object.entries(MISTAKES).map(([title, text]) => {
    const { sources, diagnostics } = readConfiguration([{ name: 'x.yaml', text }], { yaml });
    return `## ${title}\n\n${renderDiagnostics(sources, diagnostics)}`;
  });
  await expect(shown.join('\n')).toMatchFileSnapshot('golden/yaml-mistakes.txt');
});
