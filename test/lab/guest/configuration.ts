// The configuration of one director of the lab, in keepalived's language: the program under test and
// keepalived read the same text.
import {
  type DirectorName,
  type Family,
  GATEWAYS,
  type Mode,
  PORT,
  PREFIX_LENGTH,
  SERVERS,
  type ServerName,
  SYNC_ID,
  serverAddress,
  VIPS,
  VRID,
} from './addresses.ts';

export const PRIORITY: Readonly<Record<DirectorName, number>> = { dirA: 150, dirB: 100 };

export type ConfigurationOptions = {
  mode: Mode;
  /** Of the adverts, the VIPs and the service; 4 unless given. */
  family?: Family;
  advertSeconds: number;
  servers?: readonly ServerName[];
  priority?: number;
  scheduler?: string;
  nopreempt?: boolean;
  /** Lines put into global_defs, and blocks put after everything. */
  global?: readonly string[];
  appendix?: (node: DirectorName) => string;
};

export function renderConfiguration(node: DirectorName, options: ConfigurationOptions): string {
  return [
    globalDefs(node, options),
    instance(node, options),
    virtualServer(options),
    options.appendix?.(node) ?? '',
  ]
    .filter((block) => block !== '')
    .join('\n');
}

function globalDefs(node: DirectorName, { global = [] }: ConfigurationOptions): string {
  const lines = [
    `router_id ${node}`,
    'vrrp_version 3',
    'vrrp_rt_priority 50', // the guest has one CPU for everybody, and adverts must not wait for the client
    // keepalived gives itself 10 ms without a pause, which is one tick of this kernel, and is killed.
    'vrrp_rlimit_rttime 10000000',
    `lvs_sync_daemon eth0 VI_1 id ${SYNC_ID}`,
    ...global,
  ];
  return `global_defs {\n${indent(lines)}\n}\n`;
}

function instance(node: DirectorName, options: ConfigurationOptions): string {
  const { mode, family = 4, advertSeconds, priority = PRIORITY[node], nopreempt = false } = options;
  const length = PREFIX_LENGTH[family];
  const front = `    ${VIPS[family]}/${length} dev eth0`;
  const addresses = [front, ...(mode === 'nat' ? [`    ${GATEWAYS[family]}/${length} dev eth1`] : [])];
  const lines = [
    'state BACKUP',
    'interface eth0',
    `virtual_router_id ${VRID}`,
    `priority ${priority}`,
    `advert_int ${advertSeconds}`,
    ...(nopreempt ? ['nopreempt'] : []),
    ...(mode === 'nat' ? ['track_interface {', '    eth1', '}'] : []),
    'virtual_ipaddress {',
    ...addresses,
    '}',
  ];
  return `vrrp_instance VI_1 {\n${indent(lines)}\n}\n`;
}

function virtualServer(options: ConfigurationOptions): string {
  const { mode, family = 4, servers = SERVERS, scheduler = 'rr' } = options;
  const blocks = servers.flatMap((server) => [
    `real_server ${serverAddress(server, mode, family)} ${PORT} {`,
    '    weight 1',
    '    TCP_CHECK {',
    '        connect_timeout 1',
    '        retry 1',
    '        delay_before_retry 1',
    '    }',
    '}',
  ]);
  const lines = [
    'delay_loop 1',
    `lb_algo ${scheduler}`,
    `lb_kind ${mode.toUpperCase()}`,
    'protocol TCP',
    ...blocks,
  ];
  return `virtual_server ${VIPS[family]} ${PORT} {\n${indent(lines)}\n}\n`;
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}
