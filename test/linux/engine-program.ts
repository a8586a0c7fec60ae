// A program of the engine's tests that lives in one namespace and does what lines of JSON on its standard
// input say: as a director it is an EmbeddedPlane, as a host it serves and connects with ordinary kernel
// sockets. Answers line by line.
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Command, OwnedAddress } from '../../src/ipvs/plane.ts';
import { type EmbeddedPlane, openEmbeddedPlane } from '../../src/linux/engine/plane.ts';

type Sessions = Map<number, Socket>;
const sessions: Sessions = new Map();
let plane: EmbeddedPlane | undefined;
const notices: unknown[] = [];
const kept: UdpSocket[] = [];

type Order =
  | { do: 'plane' }
  | { do: 'apply'; commands: Command[] }
  | { do: 'own'; addresses: OwnedAddress[] }
  | { do: 'read'; what: 'readTable' | 'readCounters' | 'readStatistics' | 'readSync' | 'countConnections' }
  | { do: 'notices' }
  | { do: 'serve'; port: number; name: string }
  | { do: 'serveUdp'; port: number; name: string; address?: string }
  | { do: 'open'; session: number; address: string; port: number }
  | { do: 'say'; session: number; text: string }
  /** Ends it at once, by a reset. */
  | { do: 'reset'; session: number }
  | { do: 'transfer'; address: string; port: number; bytes: number }
  | { do: 'askUdp'; address: string; port: number; text: string; from?: number };

const ORDERS: { [K in Order['do']]: (order: Extract<Order, { do: K }>) => Promise<unknown> } = {
  plane: async () => {
    plane = await openEmbeddedPlane({
      onNotice: (notice) => notices.push(notice),
      onLost: (reason) => notices.push({ lost: reason }),
    });
  },
  apply: async ({ commands }) => plane!.apply(commands),
  own: async ({ addresses }) => plane!.own(addresses),
  read: async ({ what }) => plane![what](),
  notices: async () => notices,
  serve: async ({ port, name }) => serve(port, name),
  serveUdp: async ({ port, name, address }) => {
    const socket = createSocket(kindOf(address));
    kept.push(socket);
    socket.on('message', (text, from) => socket.send(`${name} ${text}`, from.port, from.address));
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  },
  open: async ({ session, address, port }) => {
    const socket = connectTcp({ host: address, port });
    await once(socket, 'connect');
    socket.on('error', (error) => sessions.delete(session) && notices.push(error.message));
    sessions.set(session, socket);
    return say(socket, 'hello');
  },
  say: async ({ session, text }) => {
    const socket = sessions.get(session);
    if (!socket) throw new Error('the session is gone');
    return say(socket, text);
  },
  reset: async ({ session }) => {
    sessions.get(session)?.resetAndDestroy();
    sessions.delete(session);
  },
  transfer: async ({ address, port, bytes }) => transfer(address, port, bytes),
  askUdp: async ({ address, port, text, from }) => {
    const socket = createSocket(kindOf(address));
    if (from !== undefined) await new Promise<void>((resolve) => socket.bind(from, resolve));
    socket.send(text, port, address);
    const answer = await Promise.race([
      once(socket, 'message').then(([message]) => String(message)),
      once(socket, 'error').then(([error]) => Promise.reject(error)),
      new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), 2000)),
    ]);
    socket.close();
    return answer;
  },
};

const kindOf = (address: string | undefined) => (address?.includes(':') ? 'udp6' : 'udp4');

/**
 * Lines are echoed with the server's name before them; `upload N` is N bytes in and their SHA-256 out, then N
 * bytes back.
 */
async function serve(port: number, name: string): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    let upload: { left: number; hash: ReturnType<typeof createHash>; bytes: Buffer[] } | undefined;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      if (!upload) {
        const line = chunk.toString('latin1').split('\n')[0]!;
        const match = /^upload (\d+)$/.exec(line);
        if (!match) {
          socket.write(`${name} ${line}\n`);
          return;
        }
        upload = { left: Number(match[1]), hash: createHash('sha256'), bytes: [] };
        rest = chunk.subarray(line.length + 1);
      }
      upload.left -= rest.length;
      upload.hash.update(rest);
      upload.bytes.push(rest);
      if (upload.left === 0) socket.end(Buffer.concat([...upload.bytes, upload.hash.digest()]));
    });
  });
  server.listen(port);
  await once(server, 'listening');
}

async function say(socket: Socket, text: string): Promise<string> {
  const answered = new AbortController();
  const signal = AbortSignal.any([answered.signal, AbortSignal.timeout(5000)]);
  socket.write(`${text}\n`);
  const answer = once(socket, 'data', { signal }).then(([data]) => String(data).trim());
  const lost = once(socket, 'close', { signal }).then(() => Promise.reject(new Error('closed')));
  return Promise.race([answer, lost]).finally(() => {
    answered.abort();
    lost.catch(() => {});
  });
}

/** Random bytes up and back down again; true when not one of them changed. */
async function transfer(address: string, port: number, bytes: number): Promise<boolean> {
  const socket = connectTcp({ host: address, port });
  await once(socket, 'connect');
  const sent = randomBytes(bytes);
  socket.write(`upload ${bytes}\n`);
  socket.write(sent);
  const received: Buffer[] = [];
  for await (const chunk of socket) received.push(chunk as Buffer);
  const digest = createHash('sha256').update(sent).digest();
  return Buffer.concat(received).equals(Buffer.concat([sent, digest]));
}

/** Map and bigint have no JSON of their own. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return typeof value === 'bigint' ? Number(value) : value;
}

const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const { id, order } = JSON.parse(line) as { id: number; order: Order };
  const act = ORDERS[order.do] as (order: Order) => Promise<unknown>;
  const answer = await act(order).then(
    (value) => ({ id, value }),
    (error: Error) => ({ id, error: error.message }),
  );
  process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
});
lines.on('close', async () => {
  await plane?.close();
  process.exit(0);
});
