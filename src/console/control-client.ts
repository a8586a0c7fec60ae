// Asks a running director at its control socket, and commands it.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { DirectorError } from '../core/errors.ts';
import { INVALID } from './control-server.ts';

const LIMIT_MS = 30_000;

/** The answer as parsed JSON. Rejects with a DirectorError that says what is wrong. */
export async function askOne(path: string, resource: string): Promise<unknown> {
  return JSON.parse(await text(await ask(path, resource)));
}

/** Of an answer with many lines, each as parsed JSON. */
export async function* askMany(path: string, resource: string): AsyncGenerator<unknown> {
  yield* parsedLines(await ask(path, resource));
}

/** Lines of an answer to a command, as they come. */
export async function* command(path: string, resource: string, given: unknown): AsyncGenerator<unknown> {
  yield* parsedLines(await ask(path, resource, JSON.stringify(given)));
}

async function* parsedLines(input: IncomingMessage): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
    yield JSON.parse(line);
}

async function ask(socketPath: string, path: string, body?: string): Promise<IncomingMessage> {
  const method = body === undefined ? 'GET' : 'POST';
  const asked = request({ socketPath, path, method, timeout: LIMIT_MS });
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
  asked.end(body);
  let answer: IncomingMessage;
  try {
    [answer] = (await once(asked, 'response')) as [IncomingMessage];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DirectorError('CONTROL_SILENT', `no director answers at ${socketPath}: ${reason}`, {
      cause: error,
    });
  }
  if (answer.statusCode === 200) return answer;
  const { error } = JSON.parse(await text(answer)) as { error: string };
  if (answer.statusCode === INVALID) throw new DirectorError('ORDER_INVALID', error);
  throw new DirectorError('CONTROL_REFUSED', `the director at ${socketPath} says: ${error}`);
}
