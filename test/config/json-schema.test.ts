// The published JSON Schema: current, right about good and bad files in YAML, and of use to an editor.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { convertConfiguration } from '../../src/config/convert.ts';
import { knownWords } from '../../src/config/schema/block.ts';
import { EXAMPLES } from '../../src/config/schema/examples.ts';
import { renderJsonSchema } from '../../src/config/schema/json.ts';
import { TOP } from '../../src/config/schema/top.ts';
import { places } from '../../src/config/schema/walk.ts';
import { yamlLibrary } from '../../src/linux/yaml-library.ts';
import { jsonSchemaFile } from '../../tools/json-schema.ts';
import { validate } from './json-validate.ts';

const FILES = join(import.meta.dirname, 'files');
/** Keywords given twice, or with words behind them: the reader warns, the schema has no warnings. */
const UNTOLD = ['accepted-repeated-keywords.conf'];

type Schema = Record<string, unknown>;
const schema = renderJsonSchema(TOP) as Schema;
const definitions = schema.definitions as Record<string, Schema>;
const complaints = (text: string) => validate(schema, parse(text));

test('schema/lvs-director.schema.json is what the schema says: otherwise run `npm run fix`', () => {
  const file = readFileSync(new URL('../../schema/lvs-director.schema.json', import.meta.url), 'utf8');
  expect(file).toBe(jsonSchemaFile());
  expect(JSON.parse(file)).toEqual(schema);
});

describe('a good file', () => {
  test.each(EXAMPLES)('of the examples: $path', ({ yaml }) => expect(complaints(yaml)).toEqual([]));

  const instance = (body: string) => `vrrp_instance: { V: { ${body} } }`;
  const server = (body: string) => `virtual_server: { 10.0.0.1 80: { ${body} } }`;
  test.each([
    '',
    'include: parts/*.yaml',
    'include: [a.yaml, b.yaml]',
    'global_defs:',
    'global_defs: [{ router_id: a }, { router_id: 7 }]',
    'vrrp_instance: { V: }',
    'vrrp_instance: { V: [{ priority: 1 }, { priority: 2 }] }',
    'linkbeat_use_polling:',
    'linkbeat_use_polling: false',
    instance('nopreempt: true, smtp_alert: false, version: 3, advert_int: 0.01, preempt_delay: 1.5'),
    instance('virtual_ipaddress: 10.0.0.1'),
    instance('virtual_ipaddress:'),
    instance('virtual_ipaddress: [10.0.0.1 label eth0:1, { address: 10.0.0.1, dev: eth0, no_track: true }]'),
    instance('track_interface: [eth0, { interface: eth1, weight: -5, reverse: true }]'),
    instance('track_script: [chk, { name: chk2, weight: 3 }]'),
    instance('notify_master: /bin/a b c'),
    instance('notify_master: { command: /bin/a b c, user: nobody, group: nogroup }'),
    instance(
      'virtual_routes: [10.0.0.0/8 via 10.1.1.1, { to: default, via: inet6 fe80::1, mtu: lock 1400 }]',
    ),
    instance('use_vmac: true'),
    instance('use_vmac: false'),
    instance('virtual_ipaddress: [[10.0.0.1], [10.0.0.2, { address: 10.0.0.3 }]]'),
    instance('virtual_ipaddress: { address: 10.0.0.1, dev: eth0 }'),
    'vrrp_instance VI_1: { priority: 5 }',
    'virtual_server: [{ 10.0.0.1 80: { weight: 1 } }, { 10.0.0.2 80: }, { 10.0.0.1 80: }]',
    server('real_server 10.1.0.1 80: { TCP_CHECK: true }'),
    instance('use_vmac:'),
    instance('use_vmac: vrrp.51'),
    instance('down_timer_adverts: 3'),
    instance('auth_hmac: { key: [1 file:/a, { id: 2, key: "file:/b" }], active_key: 2 }'),
    server('lvs_method: DR, protocol: tcp, persistence_timeout: true'),
    server('lvs_method: TUN type ipip, persistence_timeout: 50, persistence_granularity: 255.255.255.0'),
    server('lvs_method: [TUN, type, ipip], sorry_server: 10.0.0.9 80'),
    server('lvs_method: { method: TUN, type: ipip }, sorry_server: { address: 10.0.0.9, port: 80 }'),
    server('real_server: { 10.1.0.1 80: { TCP_CHECK: }, 10.1.0.2 80: }'),
    server('real_server: { 10.1.0.1 80: { HTTP_GET: { http_protocol: 1.1, url: { status_code: 200 } } } }'),
    'global_defs: { lvs_sync_daemon: eth0 VI_1 id 51, vrrp_cpu_affinity: [0, 1] }',
    'global_defs: { lvs_timeouts: { tcp: 900 } }',
    'director: { ipvs: { expire_nodest_conn: true, sloppy_tcp: false, conn_reuse_mode: 0, drop_entry: 3 } }',
    'global_defs: { lvs_sync_daemon: [eth0, VI_1, id, 51], vrrp_rx_bufs_policy: MTU, json_version: 2 }',
    'global_defs: { smtp_server: { host: mail, port: 25 }, notification_email: [a@b.c, d@e.f] }',
    'track_group: { G: { group: [a, b] } }',
    'virtual_server_group: { G: [10.0.0.1-20 80, fwmark 5] }',
    'director: { sync: { peer: 10.0.0.2 8849 }, drill: { hold: 0 } }',
    'director: { web: 127.0.0.1:9165, metrics: { keepalived_names: false } }',
  ])('%s', (text) => expect(complaints(text)).toEqual([]));
});

describe('a bad file', () => {
  const instance = (body: string) => `vrrp_instance: { V: { ${body} } }`;
  const server = (body: string) => `virtual_server: { 10.0.0.1 80: { ${body} } }`;
  test.each<[string, string]>([
    ['global_def: {}', '/ knows no global_def'],
    ['vrrp_instance: V', '/vrrp_instance is no object'],
    ['vrrp_instance: [V]', '/vrrp_instance/0 is no object'],
    ['global_defs: [[]]', '/global_defs/0 is no object'],
    ['global_defs: on', '/global_defs is no object or array or null or boolean'],
    ['include: 5', '/include is no string or array'],
    [instance('priorty: 5'), '/vrrp_instance/V knows no priorty'],
    ['director: { ipvs: { conn_reuse_mode: 3 } }', '/director/ipvs/conn_reuse_mode is above 2'],
    ['director: { ipvs: { sync_version: 1 } }', '/director/ipvs knows no sync_version'],
    [instance('priority: 256'), '/vrrp_instance/V/priority is above 255'],
    [instance('priority: 0'), '/vrrp_instance/V/priority is below 1'],
    [instance('priority: high'), '/vrrp_instance/V/priority is no integer'],
    [instance('priority: [1, 2]'), '/vrrp_instance/V/priority is no integer'],
    [instance('state: master'), '/vrrp_instance/V/state is none of MASTER, BACKUP'],
    [instance('nopreempt: 5'), '/vrrp_instance/V/nopreempt is no boolean or null'],
    [instance('smtp_alert: 5'), '/vrrp_instance/V/smtp_alert is no boolean'],
    [instance('advert_int: 1000ms'), '/vrrp_instance/V/advert_int is no number'],
    [instance('version: 4'), '/vrrp_instance/V/version is none of 2, 3'],
    [instance('interface: an-interface-too-long'), '/vrrp_instance/V/interface is too long'],
    [instance('use_vmac: { a: 1 }'), '/vrrp_instance/V/use_vmac is no string'],
    ['vrrp_instance VI_1: { priority: 0 }', '/vrrp_instance VI_1/priority is below 1'],
    ['vrrp_instanc VI_1: {}', '/ knows no vrrp_instanc VI_1'],
    [instance('virtual_ipaddress: { 10.0.0.1: }'), '/vrrp_instance/V/virtual_ipaddress is none of'],
    [instance('virtual_ipaddress: [{ dev: eth0 }]'), '/vrrp_instance/V/virtual_ipaddress is none of'],
    [instance('virtual_ipaddress: [{ address: 10.0.0.1, device: e }]'), 'virtual_ipaddress is none of'],
    [instance('notify_master: [/bin/a, { command: /bin/b }]'), '/vrrp_instance/V/notify_master is none of'],
    [instance('notify_master: { user: nobody }'), '/vrrp_instance/V/notify_master is none of'],
    [server('protocol: ICMP'), '/virtual_server/10.0.0.1 80/protocol is none of'],
    [server('lvs_method: { type: ipip }'), '/virtual_server/10.0.0.1 80/lvs_method is none of'],
    [server('real_server: { 10.1.0.1: { weight: -1 } }'), '10.1.0.1/weight is below 0'],
    [server('real_server: { 10.1.0.1: { TCP_CHECK: { path: / } } }'), 'TCP_CHECK knows no path'],
  ])('%s', (text, complaint) => expect(complaints(text).join('\n')).toContain(complaint));
});

describe('for completion', () => {
  test('every block has a definition that names its words without alternatives', () => {
    for (const { keyword } of places(TOP)) {
      if (keyword.block === undefined || keyword.block.entry !== undefined) continue;
      const words = [...knownWords(keyword.block).keys()].sort();
      const same = Object.values(definitions).filter(
        ({ properties = {} }) =>
          Object.keys(properties as Schema)
            .sort()
            .join() === words.join(),
      );
      expect(same.length, keyword.block.name).toBeGreaterThan(0);
      for (const one of same) expect(one).not.toHaveProperty('anyOf');
    }
  });

  test('every word is described, and says its type where a cursor can stand', () => {
    const silent = Object.entries({ top: schema, ...definitions }).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties as Record<string, Schema>)
        .filter(([, one]) => !one.description || !(one.type ?? one.enum ?? one.$ref))
        .map(([word]) => `${name} ${word}`),
    );
    expect(silent).toEqual([]);
  });

  test('a default is in the unit of the file, and a value that may stand there', () => {
    const wrong = Object.values(definitions).flatMap(({ properties = {} }) =>
      Object.entries(properties as Record<string, Schema>).filter(
        ([, one]) => 'default' in one && validate({ ...one, definitions }, one.default).length > 0,
      ),
    );
    expect(wrong).toEqual([]);
    const { advert_int } = definitions.vrrp_instance!.properties as Record<string, Schema>;
    const { quorum } = definitions.virtual_server!.properties as Record<string, Schema>;
    expect(advert_int).toMatchObject({ default: 1, minimum: 0.01, maximum: 255 });
    expect(quorum).toMatchObject({ default: 1 });
    const { net_namespace } = schema.properties as Record<string, Schema>;
    expect(net_namespace).toMatchObject({ description: expect.stringContaining('refused') });
  });

  test.each<[string, (string | number)[], string[]]>([
    ['in an instance', ['vrrp_instance', 'VI_1'], ['priority', 'virtual_ipaddress', 'track_script']],
    ['in the second of two', ['vrrp_instance', 'VI_1', 1], ['priority']],
    ['for a value', ['vrrp_instance', 'VI_1', 'state'], ['MASTER', 'BACKUP']],
    ['in an address', ['vrrp_instance', 'VI_1', 'virtual_ipaddress', 0], ['address', 'dev', 'label']],
    ['for a method', ['virtual_server', '10.0.0.1 80', 'lvs_method'], ['NAT', 'DR', 'TUN', 'type']],
    ['in a script', ['vrrp_instance', 'VI_1', 'notify_master'], ['command', 'user', 'group']],
    ['deep inside', ['virtual_server', 'a', 'real_server', 'b', 'HTTP_GET', 'url', 0], ['path', 'digest']],
  ])('there is something to choose %s', (_, path, words) => {
    expect(offered(path)).toEqual(expect.arrayContaining(words));
  });
});

/** What a language server would find at a place: keys and values of every alternative. */
function offered(path: readonly (string | number)[]): string[] {
  const open = (one: Schema): Schema[] => {
    const { $ref, anyOf, allOf } = one as { $ref?: string; anyOf?: Schema[]; allOf?: Schema[] };
    const target = $ref === undefined ? [] : open(definitions[$ref.replace('#/definitions/', '')]!);
    return [one, ...target, ...[...(anyOf ?? []), ...(allOf ?? [])].flatMap(open)];
  };
  let here = open(schema);
  for (const step of path)
    here = here.flatMap(({ properties = {}, additionalProperties, items }) => {
      const named = typeof step === 'number' ? items : ((properties as Schema)[step] ?? additionalProperties);
      return typeof named === 'object' && named !== null ? open(named as Schema) : [];
    });
  return here.flatMap((one) => [...Object.keys(one.properties ?? {}), ...((one.enum as string[]) ?? [])]);
}

describe('beside the reader', () => {
  const yaml = yamlLibrary;
  const convert = (text: string, to: 'yaml' | 'keepalived') =>
    convertConfiguration([{ name: to === 'yaml' ? 'x.conf' : 'x.yaml', text }], to, { yaml }).text;

  test.each(EXAMPLES)('the two notations of $path say the same', ({ conf, yaml: twin }) => {
    const there = convert(twin, 'keepalived');
    expect(there).toBeDefined();
    expect(convert(there!, 'yaml')).toBe(convert(conf, 'yaml'));
  });

  const files = readdirSync(FILES).filter((name) => name.startsWith('accepted-'));
  test.each(files)('what convert makes of %s is good', (name) => {
    const text = convert(readFileSync(join(FILES, name), 'utf8'), 'yaml');
    if (!UNTOLD.includes(name)) expect(complaints(text!)).toEqual([]);
    else expect(complaints(text!)).not.toEqual([]);
  });
});
