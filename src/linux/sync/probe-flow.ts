// Connections of our own through the kernel's IPVS. An entry waits in the kernel's master thread, up to three
// seconds, until another one pushes it out: a probe is that other one. When a probe itself comes out,
// everything before it has come out.
import { addressBytes } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { encodeDatagrams } from '../../sync/encode.ts';
import { FLAG } from '../../sync/entry.ts';
import { AT, TYPE_IPV6 } from '../../sync/wire.ts';
import { AF, bind, close, getsockname, MSG, SOCK, sendto, socket } from '../libc.ts';
import { ProcFile } from '../proc-file.ts';
import { decodeSockaddrInet, sockaddrInet } from '../sockaddr.ts';
import { DEVICE_ADDRESS, PROBE_SERVER, PROBE_SERVICE } from './kernel-device.ts';

const PROC_STATS = '/proc/thread-self/net/ip_vs_stats';
/** How long a change waits for a probe, and a flush for the next one. */
const EACH_MS = 50;
/** Where the service is gone no probe comes out. */
const GIVE_UP_MS = 2000;
const OWN_ADDRESS = addressBytes(DEVICE_ADDRESS).readUInt32BE(0);
const NO_SERVER = addressBytes(PROBE_SERVER.address).readUInt32BE(0);
const HARDLY_SECONDS = 1;

export class ProbeFlow {
  readonly #stats = new ProcFile(PROC_STATS);
  readonly #service = sockaddrInet(PROBE_SERVICE.address, PROBE_SERVICE.port);
  readonly #any = sockaddrInet(DEVICE_ADDRESS, 0);
  readonly #seen: number[] = [];
  /** By the port of the probe that has to come out. */
  readonly #flushes = new Map<number, { id: number; giveUpMs: number }>();
  #isOn = false;
  #dueMs = 0;
  #packets = -1;

  /** While it is on, no change waits for long. */
  set isOn(on: boolean) {
    this.#isOn = on;
  }

  /** Answers when it has to be called again. */
  run(nowMs: number): number {
    for (const [port, { giveUpMs }] of this.#flushes) if (nowMs >= giveUpMs) this.#flushes.delete(port);
    if (!this.#isOn && this.#flushes.size === 0) return Number.POSITIVE_INFINITY;
    if (nowMs < this.#dueMs) return this.#dueMs;
    this.#dueMs = nowMs + EACH_MS;
    if (this.#flushes.size > 0 || this.#hasMoved()) this.#send();
    return this.#dueMs;
  }

  flush(id: number, nowMs: number): void {
    const port = this.#send();
    if (port !== undefined) this.#flushes.set(port, { id, giveUpMs: nowMs + GIVE_UP_MS });
    // The next one pushes it out.
    this.#dueMs = nowMs;
  }

  isProbe(datagram: Buffer, at: number): boolean {
    return (
      (datagram[at + AT.type]! & TYPE_IPV6) === 0 &&
      datagram[at + AT.protocol] === PROTOCOL.udp &&
      datagram.readUInt16BE(at + AT.virtualPort) === PROBE_SERVICE.port &&
      datagram.readUInt32BE(at + AT.addresses + 4) === OWN_ADDRESS
    );
  }

  /** A probe came out; answers the flush that was waiting for it. */
  saw(datagram: Buffer, at: number): number | undefined {
    const port = datagram.readUInt16BE(at + AT.clientPort);
    this.#seen.push(port);
    const id = this.#flushes.get(port)?.id;
    this.#flushes.delete(port);
    return id;
  }

  /** What ends the probes that came out: they would live as long as any connection. */
  endings(): Buffer[] {
    const entries = this.#seen.splice(0).map((clientPort) => ({
      family: 4 as const,
      protocol: PROTOCOL.udp,
      flags: FLAG.direct | FLAG.inactive,
      state: 0,
      clientPort,
      virtualPort: PROBE_SERVICE.port,
      serverPort: PROBE_SERVER.port,
      fwmark: 0,
      timeoutSeconds: HARDLY_SECONDS,
      client: OWN_ADDRESS,
      virtual: OWN_ADDRESS,
      server: NO_SERVER,
    }));
    return encodeDatagrams({ syncId: 0, maxlen: 1472 }, entries);
  }

  close(): void {
    this.#stats.close();
  }

  /** Another port each time: another connection. */
  #send(): number | undefined {
    const fd = socket(AF.INET, SOCK.DGRAM, PROTOCOL.udp);
    try {
      bind(fd, this.#any);
      const port = decodeSockaddrInet(getsockname(fd))?.port;
      return sendto(fd, Buffer.alloc(1), this.#service, MSG.DONTWAIT | MSG.NOSIGNAL) < 0 ? undefined : port;
    } finally {
      close(fd);
    }
  }

  /** Has the kernel forwarded anything but probes? Then something may wait. */
  #hasMoved(): boolean {
    const packets = packetsOf(this.#stats.read());
    const hasMoved = packets !== this.#packets;
    this.#packets = hasMoved ? packets + 1 : packets;
    return hasMoved;
  }
}

/** Third line: connections, packets in and out, bytes in and out, in hexadecimal. */
export function packetsOf(text: string): number {
  const [, incoming, outgoing] = (text.split('\n')[2] ?? '').trim().split(/\s+/);
  return Number.parseInt(incoming ?? '0', 16) + Number.parseInt(outgoing ?? '0', 16);
}
