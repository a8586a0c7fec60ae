// The rows of golden/lines/*.tsv, and how one becomes a whole configuration file that is clean but for the
// statement in question.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What keepalived 2.2.7 says, and so what is to be said in strict mode:
 *
 * `good`: not a word; no error from us either.
 * `bad`: it complains, and so do we.
 * `stricter`: not a word from it, on purpose an error from us.
 * `warned`: it complains, but does it all the same or loses nothing; we must remark on it in some way.
 * `newer`: only later versions know it (or this one stumbles over it); no error from us.
 * `machine`: it complains because of this machine (no such interface, user, routing table); reading alone
 * cannot know, so no error from us.
 */
type Verdict = 'good' | 'bad' | 'stricter' | 'warned' | 'newer' | 'machine';
type Row = {
  /** `TOP`, or the blocks around the statement: `virtual_server/real_server/TCP_CHECK`. */
  context: string;
  /** One line or several; may be a whole block. */
  statement: string;
};
export type JudgedRow = Row & { verdict: Verdict; where: string };

const TABLES = join(import.meta.dirname, 'golden/lines');

/** Each line: context, verdict, statement (`\\n` for a new line); tabs between them. `#` begins a comment. */
export function judgedRows(): JudgedRow[] {
  return readdirSync(TABLES).flatMap((table) =>
    readFileSync(join(TABLES, table), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        if (line === '' || line.startsWith('#')) return [];
        const [context, verdict, statement] = line.split('\t') as [string, Verdict, string];
        return [
          { context, verdict, statement: statement.replaceAll('\\n', '\n'), where: `${table}:${index + 1}` },
        ];
      }),
  );
}

/** A block around a statement: how it is opened, and what it cannot do without. */
type Surrounding = { head: string; needs?: readonly string[] };

const VIP = `virtual_ipaddress {
10.0.0.50/24 dev eth0
}`;
const SERVER = `real_server 10.1.0.21 80 {
}`;
const URL = `url {
path /
status_code 200
}`;

const OUTER: Readonly<Record<string, Surrounding>> = {
  vrrp_instance: { head: 'vrrp_instance VI_1', needs: ['interface eth0', 'virtual_router_id 51', VIP] },
  vrrp_sync_group: { head: 'vrrp_sync_group VG_1', needs: ['group {\nVI_1\nVI_2\n}'] },
  track_group: { head: 'track_group TG_1', needs: ['group {\nVI_1\n}'] },
  garp_group: { head: 'garp_group', needs: ['garp_interval 0.1', 'interface eth0'] },
  vrrp_script: { head: 'vrrp_script other_script', needs: ['script "/bin/true"'] },
  vrrp_track_process: { head: 'vrrp_track_process other_process', needs: ['process nginx'] },
  track_file: { head: 'track_file other_file', needs: ['file /tmp/lvs-director-other'] },
  vrrp_track_file: { head: 'vrrp_track_file other_file', needs: ['file /tmp/lvs-director-other'] },
  bfd_instance: { head: 'bfd_instance other_session', needs: ['neighbor_ip 10.0.0.8'] },
  SSL: { head: 'SSL' },
  virtual_server_group: { head: 'virtual_server_group other_group' },
  virtual_server: {
    head: 'virtual_server 10.0.0.50 80',
    needs: ['lvs_sched rr', 'lvs_method NAT', 'protocol TCP', SERVER],
  },
};
/** Blocks inside blocks. */
const INNER: Readonly<Record<string, Surrounding>> = {
  authentication: { head: 'authentication', needs: ['auth_type PASS', 'auth_pass secret'] },
  auth_hmac: { head: 'auth_hmac', needs: [`key 1 ${'k'.repeat(32)}`, 'active_key 1'] },
  real_server: { head: 'real_server 10.1.0.21 80' },
  MISC_CHECK: { head: 'MISC_CHECK', needs: ['misc_path "/bin/true"'] },
  HTTP_GET: { head: 'HTTP_GET', needs: [URL] },
  SSL_GET: { head: 'SSL_GET', needs: [URL] },
  url: { head: 'url', needs: ['path /', 'status_code 200'] },
  FILE_CHECK: { head: 'FILE_CHECK', needs: ['track_file watched_file'] },
  BFD_CHECK: { head: 'BFD_CHECK', needs: ['name session'] },
};

/** What statements may refer to. */
const REFERRED = `global_defs {
enable_script_security
script_user root
}
vrrp_script script {
script "/bin/true"
}
vrrp_track_process process {
process nginx
}
track_file watched_file {
file /tmp/lvs-director-watched
}
bfd_instance session {
neighbor_ip 10.0.0.9
}
vrrp_instance VI_2 {
interface eth0
virtual_router_id 52
virtual_ipaddress {
10.0.0.52/24 dev eth0
}
}
`;
const FIRST_INSTANCE = `vrrp_instance VI_1 {
interface eth0
virtual_router_id 51
${VIP}
}
`;

/** The statement in a file with which nothing else is wrong. */
export function wholeFile({ context, statement }: Row): string {
  const path = context === 'TOP' ? [] : context.split('/');
  const inner = path.reduceRight((body, part, depth) => {
    const { head, needs = [] } = (depth === 0 ? OUTER : INNER)[part] ?? { head: part };
    const said = depth === path.length - 1 ? firstWords(statement) : [path[depth + 1]!];
    const rest = needs.filter((need) => !said.some((word) => sameKeyword(firstWord(need), word)));
    return `${head} {\n${[...rest, body].join('\n')}\n}`;
  }, statement);
  const instance = context.startsWith('vrrp_instance') ? '' : FIRST_INSTANCE;
  return `${REFERRED}${instance}${inner}\n`;
}

const SYNONYMS = [
  ['lvs_sched', 'lb_algo'],
  ['lvs_method', 'lb_kind'],
  ['neighbor_ip', 'neighbour_ip'],
  ['interface', 'interfaces'],
];

function sameKeyword(one: string, other: string): boolean {
  return one === other || SYNONYMS.some((pair) => pair.includes(one) && pair.includes(other));
}

function firstWord(line: string): string {
  return line.split(/\s/, 1)[0]!;
}

/** Of each line that is not inside a block of its own. */
function firstWords(statement: string): string[] {
  let depth = 0;
  return statement.split('\n').flatMap((line) => {
    const outside = depth === 0;
    depth += line.split('{').length - line.split('}').length;
    return outside ? [firstWord(line.trim())] : [];
  });
}
