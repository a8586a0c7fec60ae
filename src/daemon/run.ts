// `run` from its options to its exit code: the director process with its signals, log and pid file.
import { rmSync, writeFileSync } from 'node:fs';
import { createLog } from '../console/log.ts';
import { exitAtOnce } from '../linux/exit.ts';
import { NAMES, nameThread } from '../linux/thread-name.ts';
import { Director } from './director.ts';
import type { RunOptions } from './messages.ts';

/** Resolves with the exit code of ARCHITECTURE §5 when everything of ours is gone. */
export async function runDirector(options: RunOptions, pidFile: string | undefined): Promise<number> {
  nameThread(NAMES.director);
  const log = createLog({ people: options.people, process: 'director' });
  exitAtOnce();
  if (pidFile !== undefined) writeFileSync(pidFile, `${process.pid}\n`);
  log.notice({
    event: 'director.start',
    message: `Starting lvs-director, configuration ${options.files.join(', ')}`,
    fields: { files: options.files },
  });
  const director = new Director(options, log);
  process.on('SIGHUP', () => director.reload());
  process.on('SIGUSR1', () => void director.dump());
  process.on('SIGUSR2', () => void director.drill());
  process.on('SIGTERM', () => director.stop('SIGTERM'));
  process.on('SIGINT', () => director.stop('SIGINT'));

  const { code, notice } = await director.ended;
  if (notice !== undefined) log.notice(notice);
  log.notice({ event: 'director.stopped', message: `Stopped (exit code ${code})`, fields: { code } });
  if (pidFile !== undefined) rmSync(pidFile, { force: true });
  return code;
}
