// The command line: which command, then that command's file. Invoked with only keepalived's daemon
// options it runs the director, so that it can stand in keepalived's unit file.
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { OrderWord } from '../console/servers-document.ts';
import { VERSION } from '../core/version.ts';
import type { ConvertFlags } from './convert.ts';
import type { DiffOptions } from './diff.ts';
import type { DoctorFlags } from './doctor.ts';
import type { IpvsFlags } from './ipvs.ts';
import type { order as carryOut, OrderFlags } from './order.ts';
import type { Action, RealserverFlags } from './realserver.ts';
import { addRunOptions, collect, type RunFlags } from './run-options.ts';
import type { SyncFlags } from './sync.ts';

const LONGEST_WAIT_S = 86_400;
const write = (text: string) => process.stdout.write(text);
const complain = (text: string) => process.stderr.write(text);

type CheckFlags = { useFile?: string[]; json: boolean; compat: boolean; explain?: string };

export const program = new Command('lvs-director')
  .description('Director pairs for the Linux Virtual Server: VRRP, IPVS, health checks, connection sync.')
  .version(VERSION, '-v, --version')
  .enablePositionalOptions();

addRunOptions(program.command('run', { isDefault: true }))
  .description('run the director in the foreground')
  .action(async (flags: RunFlags) => {
    const { run } = await import('./run.ts');
    await end(await run(flags));
  });

program
  .command('check')
  .description('all diagnostics of a configuration: exit 0 clean, 4 cannot run, 5 runs with ignored parts')
  .argument('[file]', 'configuration of a director')
  .argument('[other]', 'that of the other director of a pair: also checked against the first')
  .option('-f, --use-file <file>', 'read as one with each of them, as `run -f FILE -f …` does', collect)
  .option('--explain <word>', 'what is known of a word, in place of a check; exit 2 when nobody knows it')
  .option('--json', 'diagnostics as JSON', false)
  .option('--compat', 'be as lenient as keepalived, and end as keepalived -t does', false)
  .action(
    async (file: string | undefined, other: string | undefined, flags: CheckFlags, command: Command) => {
      const { useFile = [], explain, ...options } = flags;
      if (explain !== undefined) {
        const { explainWord } = await import('./explain.ts');
        const { exitCode, output } = explainWord(explain, options);
        process.stdout.write(output);
        process.exitCode = exitCode;
        return;
      }
      // As people know it from `run`: all by -f.
      const first = file === undefined ? useFile : [file, ...useFile];
      if (first.length === 0) return command.error("error: missing required argument 'file'");
      const { check } = await import('./check.ts');
      const { exitCode, output } = check(
        other === undefined ? [first] : [first, [other, ...useFile]],
        options,
      );
      process.stdout.write(output);
      process.exitCode = exitCode;
    },
  );

program
  .command('diff')
  .description(
    'what a reload would change: exit 0 nothing, 1 something, 2 no running plan, 4 the file cannot run',
  )
  .argument('<file>', 'the configuration as it would be')
  .option('-f, --use-file <file>', 'read as one with the file, after it; several may be given', collect)
  .option('--against <file>', 'compare with this file instead of with the running director')
  .option('-i, --config-id <id>', 'id for @ lines; default: the short host name')
  .option('--json', 'changes as JSON', false)
  .option('--compat', 'be as lenient with unknown words as keepalived', false)
  // Commander ends with 1 after a mistake on the command line, and that would say that something changes.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(async (file: string, options: DiffOptions) => {
    const { diff } = await import('./diff.ts');
    const { exitCode, output } = diff(file, options);
    process.stdout.write(output);
    process.exitCode = exitCode;
  });

program
  .command('ipvs')
  .description("the table of services, in ipvsadm's words: of the director that runs here, or of the kernel")
  .option('-L, --list', 'list: what is done anyway')
  .option('-l', 'the same')
  .option('-S, --save', 'as rules that `ipvsadm -R` reads', false)
  .option('-t, --tcp-service <host:port>', 'only this service')
  .option('-u, --udp-service <host:port>', 'only this service')
  .option('--sctp-service <host:port>', 'only this service')
  .option('-f, --fwmark-service <mark>', 'only this service')
  .option('-6, --ipv6', 'the service of the firewall mark is for IPv6', false)
  .option('-n, --numeric', 'numbers instead of names', false)
  .option('-c, --connection', 'connections', false)
  .option('--timeout', 'timeouts of connections', false)
  .option('--daemon', 'sync daemons', false)
  .option('--stats', 'how much there was', false)
  .option('--rate', 'how much there is, each second', false)
  .option('--thresholds', 'how many connections servers may have', false)
  .option('--persistent-conn', 'persistent connections; with -c what persistence engines keep', false)
  .option('--tun-info', 'tunnels', false)
  .option('--exact', 'numbers in full', false)
  .option('--nosort', 'in the order of the engine')
  .option('--sort', 'in the order of addresses: what is done anyway', true)
  .option('--json', 'as JSON; of connections one object a line', false)
  .option('--control <path>', 'the control socket of the director that is meant')
  .action(async ({ nosort = false, ...options }: IpvsFlags & { nosort?: boolean }) => {
    const { ipvs } = await import('./ipvs.ts');
    await end(await ipvs({ ...options, sort: !nosort }, write, complain));
  });

const SERVICE = 'its name as in logs and listings, or what says which it is: 10.0.0.50:80, 7, web; or all';
const SERVERS = 'address and port, or address; several may be given';

function addOrder(word: OrderWord, description: string): Command {
  return program
    .command(word)
    .description(description)
    .option('--json', 'as JSON, an object a line', false)
    .option('--control <path>', 'the control socket of the director that is meant');
}

type Order = Parameters<typeof carryOut>;

async function perform(word: OrderWord, given: Order[1], flags: OrderFlags): Promise<never> {
  const { order } = await import('./order.ts');
  return end(await order(word, given, flags, { write, complain }));
}

addOrder(
  'drain',
  'no new connections for a server, which leaves with its last one: exit 0 none was cut, 1 else',
)
  .argument('<service>', SERVICE)
  .argument('<server...>', SERVERS)
  .option('--deadline <seconds>', 'when it goes in any case; 0 = never; default: as the file says')
  .option('--expire-templates', 'persistent clients get another server meanwhile')
  .option('--no-wait', 'do not wait for the end')
  .action((service: string, servers: string[], flags: OrderFlags) =>
    perform('drain', { service, servers }, flags),
  );

addOrder('maint', 'takes a server out at once: its connections end, and it is not checked')
  .argument('<service>', SERVICE)
  .argument('<server...>', SERVERS)
  .action((service: string, servers: string[], flags: OrderFlags) =>
    perform('maint', { service, servers }, flags),
  );

addOrder('ready', 'a server is again as the file says, after drain, maint or weight')
  .argument('<service>', SERVICE)
  .argument('<server...>', SERVERS)
  .action((service: string, servers: string[], flags: OrderFlags) =>
    perform('ready', { service, servers }, flags),
  );

addOrder(
  'weight',
  "another weight than the file's, until ready; without arguments: what every server is doing",
)
  .argument('[service]', SERVICE)
  .argument('[server]', 'address and port, or address')
  .argument('[weight]', "a number, or a share of the file's as 50%")
  .action((service: string, server: string, weight: string, flags: OrderFlags, own: Command) => {
    if (service !== undefined && weight === undefined) return own.error("error: missing argument 'weight'");
    return perform('weight', { service, servers: [server], weight }, flags);
  });

program
  .command('sync')
  .description(
    "how many of this director's connections its peer knows, and how far full copies have come: " +
      'exit 0 each knows what the other knows, 1 not so, 2 nobody can tell',
  )
  .option('--wait <seconds>', 'until it is so, for this long at most', seconds)
  .option('--json', 'as JSON', false)
  .option('--control <path>', 'the control socket of the director that is meant')
  .action(async (flags: SyncFlags) => {
    const { sync } = await import('./sync.ts');
    await end(await sync(flags, write, complain));
  });

program
  .command('realserver')
  .description(
    'makes this machine the real server that the file of its directors takes it for, says what is wrong ' +
      'with it, gives back what was; on a director verify asks the real servers by packets: ' +
      'exit 0 as it has to be, 1 something is not, 2 nobody can tell, 4 the file cannot run',
  )
  .addArgument(new Argument('<action>', 'what to do').choices(['apply', 'verify', 'remove']))
  .requiredOption('-f, --use-file <file>', 'configuration of the directors; several are read as one', collect)
  .option('--address <address>', 'only this real server; several may be given', collect)
  .option(
    '--vip <address>',
    'a virtual address of services by a firewall mark; several may be given',
    collect,
  )
  .option(
    '--gateway <address>',
    "the directors' address in the network of NAT servers, if no instance holds it",
    collect,
  )
  .option(
    '--state <file>',
    'where apply writes down what was; default: realserver.json in the runtime directory',
  )
  .addOption(
    new Option('--from <side>', 'whose view verify takes; default: who this machine is').choices([
      'server',
      'director',
    ]),
  )
  .option('--dry-run', 'only say what would be done', false)
  .option('-i, --config-id <id>', 'id for @ lines; default: the short host name')
  .option('--json', 'as JSON', false)
  .action(async (action: Action, flags: RealserverFlags) => {
    const { realserver } = await import('./realserver.ts');
    const { exitCode, output } = await realserver(action, flags);
    process.stdout.write(output);
    await end(exitCode);
  });

program
  .command('doctor')
  .description(
    'is this machine fit to be the director of the file: settings of the kernel, modules, ways to servers: ' +
      'exit 0 nothing is wrong, 1 something is, 2 nobody can tell, 4 the file cannot run',
  )
  .requiredOption('-f, --use-file <file>', 'configuration; several are read as one', collect)
  .option('-i, --config-id <id>', 'id for @ lines; default: the short host name')
  .option('--json', 'as JSON', false)
  .action(async (flags: DoctorFlags) => {
    const { doctor } = await import('./doctor.ts');
    const { exitCode, output } = doctor(flags);
    process.stdout.write(output);
    await end(exitCode);
  });

program
  .command('convert')
  .description('a configuration in the other form, comments and all: exit 4 when it has mistakes')
  .argument('<file...>', 'configuration files, converted into one')
  .addOption(
    new Option('--to <form>', 'the form to write').choices(['yaml', 'keepalived']).makeOptionMandatory(),
  )
  .option('-o, --output <file>', 'where to, instead of standard output')
  .option('-i, --config-id <id>', 'which `@id` lines are meant; default the host name up to its first dot')
  .action(async (files: string[], options: ConvertFlags) => {
    const { convert } = await import('./convert.ts');
    const { exitCode, output, messages } = convert(files, options);
    process.stderr.write(messages);
    process.stdout.write(output);
    process.exitCode = exitCode;
  });

program
  .command('demo')
  .description('a client, two directors and three real servers on this machine: a drill, a crash, a report')
  .option('--once', 'one drill and one crash; exit 0 only if no session was lost', false)
  .addOption(new Option('--mode <mode>', 'how the directors forward').choices(['nat', 'dr']).default('nat'))
  .addOption(
    new Option('--engine <engine>', 'what forwards').choices(['auto', 'kernel', 'embedded']).default('auto'),
  )
  .option('--configs <directory>', 'a.conf and b.conf for the same network, instead of the examples')
  .option('--keep-logs <directory>', "keep the directors' logs there")
  .action(async (options) => {
    const { demo } = await import('./demo.ts');
    await end(await demo(options));
  });

function seconds(text: string): number {
  const number = Number(text);
  if (text !== '' && number >= 0 && number <= LONGEST_WAIT_S) return number;
  throw new InvalidArgumentError(`A number of seconds, 0 to ${LONGEST_WAIT_S}.`);
}

/**
 * Threads and handles that outlive their use must not keep the process; what was printed must get out
 * first.
 */
async function end(code: number): Promise<never> {
  const { exitAtOnce } = await import('../linux/exit.ts');
  exitAtOnce();
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}
