// The connection between two balancers: TCP and TLS 1.3 with pre-shared keys, by node:tls; there is no
// cryptography of ours. One of the two dials (the one with the lower address), the other listens; the newest
// connection counts. Knows nothing of what is said on it.
//
// TLS 1.3 uses an external PSK together with a key exchange (psk_dhe_ke; OpenSSL does without only when asked
// to), so a key that becomes known later opens nothing that was recorded. Nothing is resumed: each connection
// proves that its other end knows a key that is in force.
import { constants, createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { type Address, addressBytes, endpoint, parseAddress } from '../../core/address.ts';
import type { Notice } from '../../core/events.ts';

export type SyncEndpoint = { address: Address; port: number };
export type SyncLinkSettings = {
  listen: SyncEndpoint;
  peer: SyncEndpoint;
  /** Of the two, which are link-local. */
  interface?: string;
  /** The first is tried first; each is accepted. */
  keys: readonly Buffer[];
};
export type SyncLinkEdges = {
  /** Both ends have proved that they know a key. */
  onConnected: (connection: number) => void;
  onReceived: (connection: number, bytes: Buffer) => void;
  /** Also after {@link SyncLink.close}. */
  onClosed: (connection: number) => void;
  say: (notice: Notice) => void;
};
export type RefusalReason = 'stranger' | 'too-many' | 'key' | 'handshake';

const TLS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // An external PSK is of SHA-256 unless both sides agree on more.
  ciphers: 'TLS_AES_128_GCM_SHA256',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;
const HANDSHAKE_MS = 3000;
/** Of connections that have proved nothing yet. */
const HALF_OPEN_MAX = 4;
const REDIAL_MS = { first: 100, most: 1000 };
const LISTEN_AGAIN_MS = 1000;
const LINGER_MS = 300;
const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  stranger: 'not from the peer’s address',
  'too-many': 'too many at once that have not proved to know the key',
  key: 'it does not know the key',
  handshake: 'no TLS handshake',
};
/** Codes of OpenSSL that mean: it knows another key, or none. */
const WRONG_KEY = /BINDER_DOES_NOT_VERIFY|NO_SUITABLE_SIGNATURE|DECRYPT_ERROR|HANDSHAKE_FAILURE/;

type Open = { socket: TLSSocket; identity: string };

export class SyncLink {
  /** Connections that came to nothing, by reason. */
  readonly refusals = new Map<RefusalReason, number>();
  readonly #edges: SyncLinkEdges;
  readonly #settings: SyncLinkSettings;
  #keys: ReadonlyMap<string, Buffer>;
  #server: Server | undefined;
  #dialing: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #redialMs = REDIAL_MS.first;
  /** Which key is tried next. */
  #turn = 0;
  /** Remote ports of who has proved nothing yet. */
  readonly #halfOpen = new Set<number>();
  /** By which key a connection proved itself. */
  readonly #identities = new WeakMap<object, string>();
  readonly #open = new Map<number, Open>();
  #nextId = 1;
  #isStopped = false;

  constructor(settings: SyncLinkSettings, edges: SyncLinkEdges) {
    this.#edges = edges;
    this.#settings = settings;
    this.#keys = byIdentity(settings.keys);
    if (dials(settings)) this.#dial();
    else this.#listen();
  }

  /** Keys may change while it runs; a connection by a key that is gone ends. */
  rekey(keys: readonly Buffer[]): void {
    this.#keys = byIdentity(keys);
    this.#turn = 0;
    for (const [id, { identity }] of this.#open) if (!this.#keys.has(identity)) this.close(id);
  }

  send(connection: number, bytes: Buffer): void {
    this.#open.get(connection)?.socket.write(bytes);
  }
  /** What was sent before still goes out. */
  close(connection: number): void {
    this.#open.get(connection)?.socket.destroySoon();
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

  #listen(): void {
    const { listen } = this.#settings;
    const server = createServer({
      ...TLS,
      handshakeTimeout: HANDSHAKE_MS,
      pskCallback: (socket, identity) => {
        this.#identities.set(socket, identity);
        return this.#keys.get(identity) ?? null;
      },
    });
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('tlsClientError', (error, socket) => {
      // Node tells of a handshake that takes too long, and leaves the connection open.
      socket.destroy();
      this.#refuse(reasonOf(error));
    });
    server.on('secureConnection', (socket) => {
      this.#halfOpen.delete(socket.remotePort ?? 0);
      this.#opened(socket, this.#identities.get(socket) ?? '');
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      const message = `cannot listen for the peer on ${endpoint(listen.address, listen.port)}: ${error.code}`;
      this.#say('sync.link.failed', message, { reason: error.code });
      this.#later(LISTEN_AGAIN_MS, () => this.#listen());
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
    this.#halfOpen.add(remotePort);
    socket.once('close', () => this.#halfOpen.delete(remotePort));
  }

  #dial(): void {
    const { listen, peer } = this.#settings;
    const tried = [...this.#keys];
    const [identity, psk] = tried[this.#turn % tried.length]!;
    const options: ConnectionOptions & TcpNetConnectOpts = {
      ...TLS,
      host: this.#scoped(peer.address),
      port: peer.port,
      // What the peer knows us by.
      localAddress: this.#scoped(listen.address),
      timeout: HANDSHAKE_MS,
      pskCallback: () => ({ identity, psk }),
      // The key is the proof. Who does not know it could answer by a certificate instead, and node takes any
      // that one of its many authorities has signed: here there is none, and no name is the right one.
      ca: [],
      checkServerIdentity: () => new Error('a certificate instead of the key'),
    };
    const socket = connect(options);
    this.#dialing = socket;
    socket.on('timeout', () => socket.destroy());
    socket.on('error', (error) => {
      if (reasonOf(error) !== 'key') return;
      this.#turn++;
      this.#refuse('key');
    });
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      this.#redialMs = REDIAL_MS.first;
      this.#opened(socket, identity);
    });
    socket.once('close', () => {
      this.#dialing = undefined;
      this.#later(this.#redialMs, () => this.#dial());
      this.#redialMs = Math.min(2 * this.#redialMs, REDIAL_MS.most);
    });
  }

  /** As node:net takes it. */
  #scoped(address: Address): string {
    const { interface: device } = this.#settings;
    return device === undefined ? address : `${address}%${device}`;
  }

  #opened(socket: TLSSocket, identity: string): void {
    const id = this.#nextId++;
    // The reload that took its key away may have come during the handshake.
    if (!this.#keys.has(identity)) return void socket.destroy();
    this.#open.set(id, { socket, identity });
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#edges.onReceived(id, bytes));
    // Half a connection is of no use.
    socket.once('end', () => socket.destroySoon());
    socket.once('close', () => {
      this.#open.delete(id);
      this.#edges.onClosed(id);
    });
    this.#edges.onConnected(id);
  }

  #refuse(reason: RefusalReason): void {
    const count = (this.refusals.get(reason) ?? 0) + 1;
    this.refusals.set(reason, count);
    // The first of its kind is worth a line, the rest are counted.
    if (count > 1) return;
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

/** What a key is known by on the wire, in the clear: of a random key it tells nothing. */
function byIdentity(keys: readonly Buffer[]): Map<string, Buffer> {
  return new Map(keys.map((key) => [createHash('sha256').update(key).digest('hex').slice(0, 16), key]));
}

function reasonOf(error: Error): RefusalReason {
  return WRONG_KEY.test((error as NodeJS.ErrnoException).code ?? '') ? 'key' : 'handshake';
}
