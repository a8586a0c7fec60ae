// The balancer as a process: its inbox, its end, and what makes it a guardian. See balancer.ts for what
// it does.
import { createLog } from '../console/log.ts';
import { DirectorError } from '../core/errors.ts';
import { exitAtOnce } from '../linux/exit.ts';
import { NAMES, nameThread } from '../linux/thread-name.ts';
import { Balancer } from './balancer.ts';
import { settleLater } from './footprint.ts';
import type { ToBalancer, ToDirector } from './messages.ts';

/** A clean-up that hangs (a wedged kernel call) must not keep the process for ever. */
const GUARD_LIMIT_MS = 5_000;

export function runBalancer(): void {
  nameThread(NAMES.balancer);
  // A terminal's Ctrl-C and systemd's TERM reach every process of the group; the director alone acts on
  // them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => {});
  }
  process.on('uncaughtException', fail);
  let starting: Promise<Balancer | undefined> | undefined;
  let inbox = Promise.resolve();
  process.on('message', (message: ToBalancer) => {
    starting ??= begin(message);
    inbox = inbox.then(() => deliver(starting, message)).catch(fail);
  });
  process.on('disconnect', () => {
    setTimeout(() => process.exit(1), GUARD_LIMIT_MS).unref();
    void (starting ?? Promise.resolve(undefined))
      .then((balancer) => balancer?.guard())
      .finally(() => process.exit(1));
  });
}

async function begin(message: ToBalancer): Promise<Balancer | undefined> {
  if (message.type !== 'start') return undefined;
  const log = createLog({ people: message.options.people, process: 'balancer' });
  exitAtOnce();
  const balancer = await Balancer.start(message, {
    tell,
    say: (notice) => log.notice(notice),
    recent: () => log.recent(),
    counts: () => log.counts(),
    fail,
  });
  settleLater();
  return balancer;
}

async function deliver(
  starting: Promise<Balancer | undefined> | undefined,
  message: ToBalancer,
): Promise<void> {
  const balancer = await starting;
  await balancer?.handle(message);
  if (message.type === 'stop')
    process.send?.({ type: 'stopped' } satisfies ToDirector, () => process.exit(0));
}

/** A director that is gone hears nothing, which is no reason to stop clearing up behind it. */
function tell(message: ToDirector): void {
  if (process.connected) process.send?.(message);
}

/** Ours to know, the director's to act on: it starts another balancer or gives up. */
function fail(error: unknown): void {
  const known = error instanceof DirectorError;
  const exitCode = known && error.code === 'NETLINK_DENIED' ? 4 : 1;
  const message = known ? error.message : String(error instanceof Error ? error.stack : error);
  const report: ToDirector = { type: 'failed', exitCode, message, ...(known ? { hint: error.hint } : {}) };
  process.send?.(report, () => process.exit(exitCode));
}
