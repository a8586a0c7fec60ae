// Both ends of the connection for sync, over real sockets, and somebody at the peer's address.
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { address } from '../../src/core/address.ts';
import type { Notice } from '../../src/core/events.ts';
import type { SyncProof } from '../../src/director/sync-stream.ts';
import { type SyncEndpoint, SyncLink } from '../../src/linux/sync/link.ts';

export const LOW = address('127.0.0.11');
export const HIGH = address('127.0.0.12');
const ends: End[] = [];
export const sockets: Socket[] = [];

export class End {
  readonly link: SyncLink;
  readonly notices: Notice[] = [];
  readonly connected: number[] = [];
  readonly closed: number[] = [];
  heard = '';

  /** `greeting`: said on each new connection. */
  constructor(listen: SyncEndpoint, peer: SyncEndpoint, proof: SyncProof, greeting?: string) {
    this.link = new SyncLink(
      { listen, peer, proof },
      {
        onConnected: (id) => {
          this.connected.push(id);
          if (greeting !== undefined) this.link.send(id, Buffer.from(greeting));
        },
        onReceived: (_, bytes) => {
          this.heard += bytes.toString();
        },
        onClosed: (id) => this.closed.push(id),
        say: (notice) => this.notices.push(notice),
      },
    );
    ends.push(this);
  }
  get open(): number[] {
    return this.connected.filter((id) => !this.closed.includes(id));
  }
  get reasons(): unknown[] {
    return this.notices.filter(({ event }) => event === 'sync.refused').map(({ fields }) => fields?.reason);
  }
  say(text: string): void {
    this.link.send(this.open.at(-1)!, Buffer.from(text));
  }
}

export async function stopAll(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(ends.splice(0).map(({ link }) => link.stop()));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return;
    await sleep(25);
  }
  throw new Error(`never: ${what}`);
}

export async function places(): Promise<{ low: SyncEndpoint; high: SyncEndpoint }> {
  const port = await freePort();
  return { low: { address: LOW, port }, high: { address: HIGH, port } };
}

export const psk = (...keys: readonly Buffer[]): SyncProof => ({ by: 'psk', keys });

/** Somebody at the peer's address. */
export function raw(at: SyncEndpoint, from: string): Socket {
  const socket = connectTcp({ host: at.address, port: at.port, localAddress: from });
  socket.on('error', () => undefined);
  socket.resume();
  sockets.push(socket);
  return socket;
}
