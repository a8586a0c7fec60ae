// The connection between two balancers: TCP and TLS 1.3, by node:tls; there is no cryptography of ours. One
// of the two dials (the one with the lower address), the other listens; the newest connection counts. Knows
// nothing of what is said on it; by what an end proves who it is: proof.ts.
import { once } from 'node:events';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { type Address, addressBytes, endpoint, parseAddress } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';
import type { SyncProof } from '../../director/sync-stream.ts';
import { type IsInForce, type Prover, prover } from './proof.ts';
import { REFUSALS, type RefusalReason } from './refusal.ts';

export type SyncEndpoint = { address: Address; port: number };
export type SyncLinkSettings = {
  listen: SyncEndpoint;
  peer: SyncEndpoint;
  /** Of the two, which are link-local. */
  interface?: string;
  proof: SyncProof;
};
export type SyncLinkEdges = {
  /** The other end has proved who it is. With certificates it may still refuse this one. */
  onConnected: (connection: number) => void;
  onReceived: (connection: number, bytes: Buffer) => void;
  /** Also after {@link SyncLink.close}. */
  onClosed: (connection: number) => void;
  say: (notice: Notice) => void;
};

const HANDSHAKE_MS = 3000;
/** Of connections that have proved nothing yet. */
const HALF_OPEN_MAX = 4;
const REDIAL_MS = { first: 100, most: 1000 };
const LISTEN_AGAIN_MS = 1000;
const UNFIT_AGAIN_MS = 60_000;
const LINGER_MS = 300;

type Open = { socket: TLSSocket; isInForce: IsInForce; isHeard: boolean; isLeft: boolean };

export class SyncLink {
  /** Connections that came to nothing, by reason. */
  readonly refusals = new Map<RefusalReason, number>();
  readonly #edges: SyncLinkEdges;
  readonly #settings: SyncLinkSettings;
  readonly #prover: Prover;
  /** Kinds of refusals that have been told since the pair was last connected. */
  readonly #told = new Set<RefusalReason>();
  #server: Server | undefined;
  #dialing: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #redialMs = REDIAL_MS.first;
  /** Who has proved nothing yet, by its port. */
  readonly #halfOpen = new Map<number, Socket>();
  readonly #open = new Map<number, Open>();
  #nextId = 1;
  #isStopped = false;

  constructor(settings: SyncLinkSettings, edges: SyncLinkEdges) {
    this.#edges = edges;
    this.#settings = settings;
    this.#prover = prover(settings.proof);
    this.#begin();
  }

  /**
   * Keys and certificates may change while it runs, but not the one for the other. A connection ends when
   * something that it was made by is gone.
   */
  rekey(proof: SyncProof): void {
    this.#prover.renew(proof);
    this.#told.clear();
    if (this.#server === undefined && this.#dialing === undefined) this.#later(0, () => this.#begin());
    else this.#attempt(() => this.#server?.setSecureContext(this.#prover.accepting()));
    // Whoever is in between would be judged by what was in force when it came.
    for (const socket of this.#halfOpen.values()) socket.destroy();
    for (const [id, { isInForce }] of this.#open) if (!isInForce()) this.close(id);
  }

  send(connection: number, bytes: Buffer): void {
    const socket = this.#open.get(connection)?.socket;
    if (socket === undefined) return;
    if (socket.writableCorked === 0) {
      // What is sent in one turn goes as one record.
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(bytes);
  }
  /** What was sent before still goes out. */
  close(connection: number): void {
    const open = this.#open.get(connection);
    if (open === undefined) return;
    open.isLeft = true;
    open.socket.destroySoon();
  }

  /** Waits a moment for what was sent last. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#dialing?.destroy();
    this.#server?.close();
    const sockets = [...this.#open.values()].map(({ socket }) => socket);
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    for (const id of this.#open.keys()) this.close(id);
    await Promise.race([closed, wait(LINGER_MS, undefined, { ref: false })]);
    for (const socket of sockets) socket.destroy();
  }

  #begin(): void {
    const isBegun = this.#attempt(() => (dials(this.#settings) ? this.#dial() : this.#listen()));
    if (!isBegun) this.#later(UNFIT_AGAIN_MS, () => this.#begin());
  }

  /** OpenSSL may refuse a certificate or key that nothing else was wrong with. */
  #attempt(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const message = `OpenSSL takes the certificates of sync for unfit: ${code}`;
      this.#say('sync.link.failed', message, { reason: code });
      return false;
    }
  }

  #listen(): void {
    const { listen } = this.#settings;
    const server = createServer({ ...this.#prover.accepting(), handshakeTimeout: HANDSHAKE_MS });
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('tlsClientError', (error, socket) => {
      const reason = this.#prover.reasonOf(error, socket);
      // Node tells of a handshake that takes too long, and leaves the connection open.
      socket.destroy();
      this.#refuse(reason);
    });
    server.on('secureConnection', (socket) => {
      this.#halfOpen.delete(socket.remotePort ?? 0);
      const judged = this.#prover.judge(socket);
      if (judged.ok) return this.#opened(socket, judged.isInForce);
      socket.destroy();
      this.#refuse(judged.reason);
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot listen for the peer on ${endpoint(listen.address, listen.port)}: ${error.code}`;
      this.#say('sync.link.failed', message, { reason: error.code });
      this.#later(LISTEN_AGAIN_MS, () => this.#begin());
    });
    server.listen({ host: this.#scoped(listen.address), port: listen.port });
  }

  /** Nobody else than the peer, and no more than a few who have proved nothing. */
  #admit(socket: Socket): void {
    const { remoteAddress, remotePort = 0 } = socket;
    const { peer } = this.#settings;
    const [address = '', zone] = (remoteAddress ?? '').split('%');
    const isPeer = parseAddress(address) === peer.address && zone === this.#settings.interface;
    if (!isPeer || this.#halfOpen.size >= HALF_OPEN_MAX) {
      socket.destroy();
      return this.#refuse(isPeer ? 'too-many' : 'stranger');
    }
    this.#halfOpen.set(remotePort, socket);
    socket.once('close', () => this.#halfOpen.delete(remotePort));
  }

  #dial(): void {
    const { listen, peer } = this.#settings;
    const { options, isInForce } = this.#prover.dialing();
    const where: ConnectionOptions & TcpNetConnectOpts = {
      ...options,
      host: this.#scoped(peer.address),
      port: peer.port,
      // What the peer knows us by.
      localAddress: this.#scoped(listen.address),
      timeout: HANDSHAKE_MS,
    };
    const socket = connect(where);
    this.#dialing = socket;
    socket.on('timeout', () => socket.destroy());
    socket.on('error', (error) => {
      const reason = this.#prover.reasonOf(error);
      // Nobody there, most of the time.
      if (reason === 'handshake') return;
      this.#prover.tryNext();
      this.#refuse(reason);
    });
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      this.#opened(socket, isInForce);
    });
    socket.once('close', () => {
      this.#dialing = undefined;
      this.#later(this.#redialMs, () => this.#begin());
      this.#redialMs = Math.min(2 * this.#redialMs, REDIAL_MS.most);
    });
  }

  /** As node:net takes it. */
  #scoped(address: Address): string {
    const { interface: device } = this.#settings;
    return device === undefined ? address : `${address}%${device}`;
  }

  #opened(socket: TLSSocket, isInForce: IsInForce): void {
    const id = this.#nextId++;
    // The reload that took back what it proves itself by may have come during the handshake.
    if (!isInForce()) return void socket.destroy();
    const open: Open = { socket, isInForce, isHeard: false, isLeft: false };
    this.#open.set(id, open);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (!open.isHeard) this.#welcome();
      open.isHeard = true;
      this.#edges.onReceived(id, bytes);
    });
    // Half a connection is of no use.
    socket.once('end', () => socket.destroySoon());
    socket.once('close', () => {
      this.#open.delete(id);
      if (!open.isHeard && !open.isLeft && this.#prover.isJudgedLate) this.#refuse('ended');
      this.#edges.onClosed(id);
    });
    this.#edges.onConnected(id);
  }

  /** Both have accepted each other: what is refused from now on is news. */
  #welcome(): void {
    this.#redialMs = REDIAL_MS.first;
    this.#told.clear();
  }

  #refuse(reason: RefusalReason): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
    // The first of its kind is worth a line, the rest are counted.
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#say('sync.refused', `a connection for sync was refused: ${REFUSALS[reason]}`, { reason });
  }

  #later(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(act, ms);
  }
  #say(event: Notice['event'], message: string, fields: Record<string, unknown>): void {
    this.#edges.say({ event, message, fields });
  }
}

/** Of two addresses the lower one dials: both find the same. */
export function dials({ listen, peer }: Pick<SyncLinkSettings, 'listen' | 'peer'>): boolean {
  const order = Buffer.compare(addressBytes(listen.address), addressBytes(peer.address));
  return order === 0 ? listen.port < peer.port : order < 0;
}
