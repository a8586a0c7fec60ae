// `lvs-director ready|drain|maint|weight SERVICE SERVER …`: tells a running director what is to become of
// real servers, and prints its plan, how it goes and how it ended.
import { askOne, command } from '../console/control-client.ts';
import { renderJson } from '../console/plain.ts';
import {
  type OrderWord,
  SERVERS,
  type ServersLine,
  type ServersRequest,
} from '../console/servers-document.ts';
import { renderLine, renderServers } from '../console/servers-text.ts';
import { DirectorError } from '../core/errors.ts';
import { controlPath, RUNTIME_DIRECTORY } from '../core/runtime-files.ts';
import type { ShownServer } from '../director/weights/shown.ts';

export type OrderFlags = {
  deadline?: string;
  expireTemplates?: boolean;
  /** False = the order goes on without anybody who waits. */
  wait?: boolean;
  json: boolean;
  control?: string;
};
type Write = (text: string) => void;
type ExitCode = 0 | 1 | 2;

/** 0 as it was to be; 1 a drain was ended by something else, or the deadline; 2 nobody was told. */
export async function order(
  word: OrderWord,
  given: { service: string | undefined; servers: readonly string[]; weight?: string },
  flags: OrderFlags,
  { write, complain }: { write: Write; complain: Write },
): Promise<ExitCode> {
  const socket = flags.control ?? controlPath(RUNTIME_DIRECTORY);
  try {
    if (given.service === undefined) {
      const servers = (await askOne(socket, SERVERS)) as ShownServer[];
      write(flags.json ? renderJson(servers) : renderServers(servers));
      return 0;
    }
    const request = requestOf(word, given.service, given, flags);
    let last: ServersLine | undefined;
    for await (const value of command(socket, SERVERS, request)) {
      last = value as ServersLine;
      write(flags.json ? `${JSON.stringify(last)}\n` : renderLine(last, request));
      if (flags.wait === false && last.step === 'progress') return 0;
    }
    if (last?.step !== 'result')
      throw new DirectorError('CONTROL_SILENT', 'the director ended before it had a result');
    return word === 'drain' && !last.servers.every(isDrained) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error;
    complain(`error: ${error.message} [${error.code}]\n  = ${error.hint}\n`);
    return 2;
  }
}

function isDrained({ drained, state }: ShownServer): boolean {
  return state === 'maint' || (state === 'drained' && (drained?.cut ?? 0) === 0);
}

function requestOf(
  word: OrderWord,
  service: string,
  { servers, weight }: { servers: readonly string[]; weight?: string },
  { deadline, expireTemplates }: OrderFlags,
): ServersRequest {
  if (deadline !== undefined && !/^\d{1,9}(\.\d+)?$/.test(deadline))
    throw new DirectorError('OPTION_INVALID', `a deadline is a number of seconds, not "${deadline}"`);
  return {
    service,
    servers,
    order: word,
    ...(weight === undefined ? {} : { weight }),
    ...(deadline === undefined ? {} : { deadlineSeconds: Number(deadline) }),
    ...(expireTemplates === undefined ? {} : { expiresTemplates: expireTemplates }),
  };
}
