// Tells the kernel's backup thread: a socket that sends to it, and a look at how much of it the thread has
// taken.
import { readFileSync } from 'node:fs';
import { addressBytes } from '../../core/address.ts';
import { PROTOCOL } from '../../core/ip-header.ts';
import { Intake, type Queue } from '../../sync/intake.ts';
import { ipv4Membership } from '../ipv4-membership.ts';
import {
  AF,
  bind,
  close,
  errnoName,
  IP,
  MSG,
  SO,
  SOCK,
  SOL,
  sendto,
  setsockopt,
  setsockoptInt,
  socket,
} from '../libc.ts';
import { sockaddrInet } from '../sockaddr.ts';
import { DEVICE, DEVICE_ADDRESS, TO_KERNEL } from './kernel-device.ts';

/** Of this thread: /proc/net would be the namespace of the process's first thread. */
const PROC_UDP = '/proc/thread-self/net/udp';
const SEND_BUFFER = 8 * 1024 * 1024;
const BUSY_MS = 1;
const ABSENT_MS = 20;

export class Injector {
  readonly #fd: number;
  readonly #to = sockaddrInet(TO_KERNEL.group, TO_KERNEL.port);
  readonly #intake = new Intake();
  readonly #complain: (reason: string) => void;
  #waitMs = BUSY_MS;

  /** `complain`: the machine does not let us send (an errno). */
  constructor(interfaceIndex: number, complain: (reason: string) => void) {
    this.#complain = complain;
    this.#fd = socket(AF.INET, SOCK.DGRAM, PROTOCOL.udp);
    try {
      setsockoptInt(this.#fd, SOL.SOCKET, SO.SNDBUFFORCE, SEND_BUFFER);
      setsockopt(this.#fd, SOL.SOCKET, SO.BINDTODEVICE, Buffer.from(`${DEVICE}\0`));
      setsockopt(this.#fd, SOL.IP, IP.MULTICAST_IF, ipv4Membership(undefined, interfaceIndex));
      bind(this.#fd, sockaddrInet(DEVICE_ADDRESS, 0));
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  offer(id: number, datagram: Uint8Array): void {
    this.#intake.offer({ id, datagram });
  }

  /** Answers what has come into the table. */
  run(): number[] {
    if (!this.#intake.isBusy) return [];
    const queue = readQueue();
    const taken = this.#intake.look(queue);
    const isSent = this.#send();
    this.#waitMs = queue !== undefined && isSent ? BUSY_MS : ABSENT_MS;
    return taken;
  }

  #send(): boolean {
    for (const { datagram } of this.#intake.next()) {
      const result = sendto(this.#fd, datagram, this.#to, MSG.NOSIGNAL);
      if (result >= 0) continue;
      this.#intake.refused();
      this.#complain(errnoName(-result));
      return false;
    }
    return true;
  }

  /** When it has to be called again; infinity when it has nothing to do. */
  get waitMs(): number {
    return this.#intake.isBusy ? this.#waitMs : Number.POSITIVE_INFINITY;
  }
  /** Datagrams that were sent again. */
  get repeated(): number {
    return this.#intake.repeated;
  }

  close(): void {
    close(this.#fd);
  }
}

function readQueue(): Queue | undefined {
  return findQueue(readFileSync(PROC_UDP, 'latin1'));
}

/** Columns: number, addresses, state, queues, timer, …, inode, references, pointer, drops. */
export function findQueue(text: string): Queue | undefined {
  const group = addressBytes(TO_KERNEL.group).readUInt32LE(0).toString(16).toUpperCase().padStart(8, '0');
  const port = TO_KERNEL.port.toString(16).toUpperCase().padStart(4, '0');
  const start = text.indexOf(` ${group}:${port} `);
  if (start < 0) return undefined;
  const columns = text.slice(start).split('\n', 1)[0]!.trim().split(/\s+/);
  const waiting = columns[3]?.split(':')[1];
  const life = columns[8];
  const drops = columns[11];
  if (waiting === undefined || life === undefined || drops === undefined) return undefined;
  return { life, waitingBytes: Number.parseInt(waiting, 16), drops: Number(drops) };
}
