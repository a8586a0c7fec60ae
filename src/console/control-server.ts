// The control socket: HTTP over a Unix socket that only the director's own user may connect to. Answers
// questions and takes commands; what there is of both is given by its owner. A question is a GET of a
// resource, a command a POST with JSON, an answer is JSON, or lines of JSON for what may be long.
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

/** One value, or many of which each becomes a line; those of `live` are sent as they come. */
export type Answer = { one: unknown } | { many: AsyncIterable<unknown> } | { live: AsyncIterable<unknown> };
export type Resources = Readonly<Record<string, () => Promise<Answer>>>;
/** What can be commanded: `request` is JSON from whoever may connect. Throws what is wrong with it. */
export type Actions = Readonly<Record<string, (request: unknown) => Promise<Answer>>>;

/** The status of a command that makes no sense here. */
export const INVALID = 422;

const MODE = 0o600;
const MAX_CONNECTIONS = 32;
const REQUEST_LIMIT_MS = 5_000;
const HEADER_BYTES = 4096;
const CHUNK_LETTERS = 32_768;
const MOST_REQUEST_BYTES = 65_536;

export class ControlServer {
  readonly #server: Server;
  readonly #resources: Resources;
  readonly #actions: Actions;

  private constructor(resources: Resources, actions: Actions) {
    this.#resources = resources;
    this.#actions = actions;
    const limits = { requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS };
    this.#server = createServer({ ...limits, maxHeaderSize: HEADER_BYTES }, (request, response) => {
      // The asker hung up: nobody is left to tell.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Rejects with why there is none: a DirectorError, or the system's error. */
  static async open(path: string, resources: Resources, actions: Actions = {}): Promise<ControlServer> {
    await makeRuntimeDirectory(dirname(path));
    await makeWay(path);
    const control = new ControlServer(resources, actions);
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
    const isCommand = request.method === 'POST';
    if (!isCommand && request.method !== 'GET')
      return refuse(response, 405, 'only GET and POST are understood');
    const path = request.url ?? '/';
    const known = isCommand ? this.#actions : this.#resources;
    if (!Object.hasOwn(known, path)) {
      const others = Object.keys(known).join(', ');
      return refuse(response, 404, `nothing is known of it; ${isCommand ? 'command' : 'ask for'} ${others}`);
    }
    let answer: Answer;
    try {
      answer = await (isCommand ? this.#actions[path]!(await readJson(request)) : this.#resources[path]!());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return refuse(response, isCommand ? INVALID : 503, why);
    }
    if ('one' in answer) return write(response, 200, answer.one);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const text = 'many' in answer ? lines(answer.many) : liveLines(answer.live);
    await pipeline(Readable.from(text), response);
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MOST_REQUEST_BYTES) throw new Error('the request is too long');
  }
  return JSON.parse(text);
}

async function* liveLines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(plain(value))}\n`;
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
