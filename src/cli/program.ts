// The command line: which command, then that command's file. Invoked with only keepalived's daemon
// options it runs the director, so that it can stand in keepalived's unit file.
import { Command, Option } from 'commander';
import { VERSION } from '../core/version.ts';
import type { ConvertFlags } from './convert.ts';
import { addRunOptions, type RunFlags } from './run-options.ts';

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
  .argument('<file...>', 'configuration files, read as one')
  .option('--json', 'diagnostics as JSON', false)
  .option('--compat', 'be as lenient as keepalived: unknown words are ignored', false)
  .action(async (files: string[], options: { json: boolean; compat: boolean }) => {
    const { check } = await import('./check.ts');
    const { exitCode, output } = check(files, options);
    process.stdout.write(output);
    process.exitCode = exitCode;
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

/**
 * Threads and handles that outlive their use must not keep the process; what was printed must get out
 * first.
 */
async function end(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
}
