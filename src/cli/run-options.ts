// Options of `run`: ours are few, the rest are keepalived's daemon options, accepted so that a unit file
// goes on working.
import type { Command } from 'commander';

export type RunFlags = {
  useFile?: string[];
  logConsole?: boolean;
  pid?: string;
  configTest?: boolean;
  namespace?: string;
  umask?: string;
  dontReleaseIpvs?: boolean;
  dontReleaseVrrp?: boolean;
  dontRespawn?: boolean;
  configId?: string;
  compat?: boolean;
};

/** What each does is keepalived(8)'s, but for those marked. */
export function addRunOptions(command: Command): Command {
  return command
    .option('-f, --use-file <file>', 'configuration; several are read as one', collect)
    .option('-l, --log-console', 'on a terminal: log for people instead of JSON')
    .option('-p, --pid <file>', 'write the pid there')
    .option('-t, --config-test', 'check the configuration and end, like `check`')
    .option('-s, --namespace <name>', 'run in this network namespace')
    .option('-u, --umask <mask>', 'file creation mask, octal')
    .option('-I, --dont-release-ipvs', 'leave the services in the kernel when stopping')
    .option('-R, --dont-respawn', 'end when the balancer process dies')
    .option('-V, --dont-release-vrrp', '(not yet) keep the addresses when stopping')
    .option('-i, --config-id <id>', 'id for @ lines; default: the short host name')
    .option('--compat', 'be as lenient as keepalived')
    .option('-n, --dont-fork', '(always so)')
    .option('-D, --log-detail', '(ignored) logs are always detailed')
    .option('-d, --dump-conf', '(ignored) see `check`')
    .option('-X, --release-vips', '(always so)')
    .option('-P, --vrrp', '(ignored)')
    .option('-C, --check', '(ignored)')
    .option('-r, --vrrp_pid <file>', '(ignored) there is no such process')
    .option('-c, --checkers_pid <file>', '(ignored) there is no such process')
    .option('-b, --bfd_pid <file>', '(ignored) there is no such process')
    .option('-S, --log-facility <facility>', '(ignored) logs go to standard output')
    .option('-G, --no-syslog', '(always so)');
}

/** For an option that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
