// HTTP over TCP, for who only looks: pages that are made when they are asked for. Whoever can connect may
// ask, so what an answer costs is shared: how many ask at once, or how often, changes nothing.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Address } from '../core/address.ts';

export type Page = { contentType: string; text: string };
/** By path. One that rejects is answered with 503 and why. */
export type Pages = Readonly<Record<string, () => Promise<Page>>>;

const MAX_CONNECTIONS = 16;
const LIMIT_MS = 10_000;
const HEADER_BYTES = 8192;
/** A page is made anew after so long, and after ten times as long as making it took. */
const FRESH_MS = 500;
const MOST_SHARE = 10;
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export class WebServer {
  readonly #server: Server;

  private constructor(pages: Pages) {
    const limits = { requestTimeout: LIMIT_MS, headersTimeout: LIMIT_MS, keepAliveTimeout: LIMIT_MS };
    const shared = Object.fromEntries(Object.entries(pages).map(([path, make]) => [path, share(make)]));
    this.#server = createServer({ ...limits, maxHeaderSize: HEADER_BYTES }, (request, response) => {
      void answer(shared, request, response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    // Who does not read what was asked for is left.
    this.#server.setTimeout(LIMIT_MS);
  }

  /** Rejects with the system's error where it cannot listen. */
  static async open(place: { address: Address; port: number }, pages: Pages): Promise<WebServer> {
    const web = new WebServer(pages);
    web.#server.listen({ host: place.address, port: place.port, ipv6Only: true });
    await once(web.#server, 'listening');
    return web;
  }

  /** Answers that are under way are cut off. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '/' } = request;
  const [path = '/'] = url.split('?');
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'only GET is understood');
  if (!Object.hasOwn(pages, path))
    return refuse(response, 404, `nothing is here; there is ${Object.keys(pages).join(', ')}`);
  try {
    const { contentType, text } = await pages[path]!();
    response.writeHead(200, { ...HEADERS, 'content-type': contentType });
    response.end(method === 'HEAD' ? undefined : text);
  } catch (error) {
    refuse(response, 503, error instanceof Error ? error.message : String(error));
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
}

/** Who asks while it is made, or soon after, gets what the one before got. */
function share(make: () => Promise<Page>): () => Promise<Page> {
  let made: Promise<Page> | undefined;
  let freshUntilMs = Number.NEGATIVE_INFINITY;
  let underWay = false;
  return () => {
    const beganMs = performance.now();
    if (made !== undefined && (underWay || beganMs < freshUntilMs)) return made;
    underWay = true;
    made = make().finally(() => {
      const endMs = performance.now();
      freshUntilMs = endMs + Math.max(FRESH_MS, MOST_SHARE * (endMs - beganMs));
      underWay = false;
    });
    return made;
  };
}
