// A complete configuration around one line of any block, in which nothing else is worth a complaint: so that
// what keepalived's -t says is about that line. Interfaces eth0 and eth1 exist where it runs.

const GLOBAL = `global_defs {
    enable_script_security
    script_user root
}
`;
const FILE = 'track_file tf {\n    file /etc/hostname\n}\n';
const BFD = 'bfd_instance bf {\n    neighbor_ip 10.0.0.9\n}\n';

/** What a checker cannot do without. */
const NEEDED: Readonly<Record<string, string>> = {
  MISC_CHECK: 'misc_path "/bin/true"',
  FILE_CHECK: 'track_file tf',
  BFD_CHECK: 'name bf',
  HTTP_GET: 'url {\npath /\nstatus_code 200\n}',
  SSL_GET: 'url {\npath /\nstatus_code 200\n}',
};
/** Words that must not be there twice: the line takes their place. */
const instead = (needed: string, line: string) => {
  const [word] = line.split(' ');
  return needed
    .split('\n')
    .filter((other) => other.split(' ')[0] !== word)
    .concat(line)
    .join('\n');
};

function instance(line: string, name = 'VI_1', vrid = 51): string {
  const needed = `interface eth0\nvirtual_router_id ${vrid}\npriority 100`;
  return `vrrp_instance ${name} {
${instead(needed, line)}
virtual_ipaddress {
10.0.0.${vrid}/24
}
}
`;
}

function service(line: string, inServer = ''): string {
  const needed = 'lvs_sched rr\nlvs_method NAT\nprotocol TCP';
  return `virtual_server 10.0.0.50 80 {
${instead(needed, line)}
real_server 10.0.0.2 80 {
${instead('weight 1', inServer)}
}
}
`;
}

function checker([name = '', inner]: readonly string[], line: string): string {
  if (inner === 'url') return `${name} {\nurl {\n${instead('path /\nstatus_code 200', line)}\n}\n}`;
  if (inner !== undefined) return `${name} {\n${inner} {\n${line}\n}\n}`;
  return `${name} {\n${instead(NEEDED[name] ?? '', line)}\n}`;
}

function tracked(block: string, needed: string, line: string): string {
  const kind = block === 'vrrp_track_file' ? 'track_file' : block.replace('vrrp_track', 'track');
  const track = kind === 'vrrp_script' ? 'track_script' : kind;
  return `${GLOBAL}${block} one {\n${instead(needed, line)}\n}\n${instance(`${track} {\none\n}`)}`;
}

/** Undefined where nothing is known to put it into. */
export function surround(path: readonly string[], line: string): string | undefined {
  const [block = '', inner, ...deeper] = path;
  switch (block) {
    case '':
      return `${line}\n`;
    case 'global_defs':
      return `global_defs {\n${line}\n}\n`;
    case 'vrrp_instance':
      if (inner === undefined) return GLOBAL + instance(line);
      if (inner === 'authentication')
        return GLOBAL + instance(`authentication {\n${instead('auth_type PASS\nauth_pass abc', line)}\n}`);
      return GLOBAL + instance(`${inner} {\n${line}\n}`);
    case 'virtual_server':
      if (inner === undefined) return GLOBAL + service(line);
      if (deeper.length === 0) return GLOBAL + service('', line);
      return GLOBAL + FILE + BFD + service('', checker(deeper, line));
    case 'vrrp_sync_group': {
      const group = `vrrp_sync_group G {\ngroup {\nVI_1\nVI_2\n}\n${line}\n}\n`;
      return GLOBAL + group + instance('') + instance('', 'VI_2', 52);
    }
    case 'vrrp_script':
      return tracked(block, 'script "/bin/true"\ninterval 1', line);
    case 'vrrp_track_process':
      return tracked(block, 'process nginx', line);
    case 'track_file':
    case 'vrrp_track_file':
      return tracked(block, 'file /etc/hostname', line);
    case 'bfd_instance':
      return `bfd_instance one {\n${instead('neighbor_ip 10.0.0.9', line)}\n}\n`;
    case 'garp_group':
      return `garp_group {\n${instead('interface eth0\ngarp_interval 1', line)}\n}\n`;
    case 'SSL':
      return `SSL {\n${line}\n}\n`;
    default:
      return undefined;
  }
}
