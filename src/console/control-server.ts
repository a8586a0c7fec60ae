// The control socket: HTTP over a Unix socket that only the director's own user may connect to. Answers
// questions; what can be asked is given by its owner. A question is a GET of a resource, an answer is JSON,
// or lines of JSON for what may be long.
import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DirectorError } from '../core/errors.ts';
import { plain } from './plain.ts';
import { makeRuntimeDirectory } from './state-files.ts';

/** One value, or many of which each becomes a line. */
export type Answer = { one: unknown } | { many: AsyncIterable<unknown> };
export type Resources = Readonly<Record<string, () => Promise<Answer>>>;

const MODE = 0o600;
const MAX_CONNECTIONS = 32;
const REQUEST_LIMIT_MS = 5_000;
const HEADER_BYTES = 4096;
const CHUNK_LETTERS = 32_768;

export class ControlServer {
  readonly #server: Server;
  readonly #resources: Resources;

  private constructor(resources: Resources) {
    this.#resources = resources;
    const limits = { requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS };
    this.#server = createServer({ ...limits, maxHeaderSize: HEADER_BYTES }, (request, response) => {
      // The asker hung up: nobody is left to tell.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Rejects with why there is none: a DirectorError, or the system's error. */
  static async open(path: string, resources: Resources): Promise<ControlServer> {
    await makeRuntimeDirectory(dirname(path));
    await makeWay(path);
    const control = new ControlServer(resources);
    control.#server.listen({ path });
    await once(control.#server, 'listening');
    await chmod(path, MODE);
    return control;
  }

  /** Removes the socket; answers that are under way are cut off. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET') return refuse(response, 405, 'only GET is understood');
    const path = request.url ?? '/';
    if (!Object.hasOwn(this.#resources, path)) {
      return refuse(
        response,
        404,
        `nothing is known of it; ask for ${Object.keys(this.#resources).join(', ')}`,
      );
    }
    let answer: Answer;
    try {
      answer = await this.#resources[path]!();
    } catch (error) {
      return refuse(response, 503, error instanceof Error ? error.message : String(error));
    }
    if ('one' in answer) return write(response, 200, answer.one);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    await pipeline(Readable.from(lines(answer.many)), response);
  }
}

/** Some tens of kilobytes at once: a write for each line would be dear. */
async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let chunk = '';
  for await (const value of values) {
    chunk += `${JSON.stringify(plain(value))}\n`;
    if (chunk.length < CHUNK_LETTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function refuse(response: ServerResponse, status: number, error: string): void {
  write(response, status, { error });
}

function write(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(plain(value))}\n`;
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}

/**
 * A socket that nobody answers at was left by a balancer that died. Of what is no socket the kernel says the
 * same.
 */
async function makeWay(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new DirectorError('CONTROL_IN_USE', `${path} is not a socket`);
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return unlink(path);
    throw error;
  } finally {
    socket.destroy();
  }
  throw new DirectorError('CONTROL_IN_USE', `another program answers at ${path}`);
}
