// Tells the kernel's backup thread: a socket that sends to it, and a look at how much of it the thread has
// taken.
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
import { ProcFile } from '../proc-file.ts';
import { sockaddrInet } from '../sockaddr.ts';
import { Arrivals } from './arrivals.ts';
import { DEVICE, DEVICE_ADDRESS, TO_KERNEL } from './kernel-device.ts';

/** Of this thread: /proc/net would be the namespace of the process's first thread. */
const PROC_UDP = '/proc/thread-self/net/udp';
const SEND_BUFFER = 8 * 1024 * 1024;
/** Between looks, of which each is a walk over all UDP sockets: longer while nothing happens. */
const LOOK_MS = { first: 1, most: 8 };
const ABSENT_MS = 20;
/** Then it is no accident. */
const LOST_IN_ROW = 3;

export class Injector {
  readonly #fd: number;
  readonly #sockets = new ProcFile(PROC_UDP);
  readonly #to = sockaddrInet(TO_KERNEL.group, TO_KERNEL.port);
  readonly #intake = new Intake();
  readonly #arrivals: Arrivals;
  readonly #complain: (reason: string) => void;
  readonly #user = process.geteuid!();
  #waitMs: number = LOOK_MS.first;

  /** `complain`: the machine does not let us send (an errno), or lets nothing through. */
  constructor(interfaceIndex: number, complain: (reason: string) => void) {
    this.#complain = complain;
    this.#arrivals = new Arrivals(interfaceIndex);
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
    // First the arrivals: what comes in between is seen to wait, or to be dropped.
    const received = this.#arrivals.receive();
    const { inode } = this.#arrivals;
    const queue = findQueue(this.#sockets.read(), { inode, received, user: this.#user });
    const lostBefore = this.#intake.lostInRow;
    const taken = this.#intake.look(queue);
    if (this.#intake.lostInRow === LOST_IN_ROW && lostBefore < LOST_IN_ROW)
      this.#complain(`what is sent to it by ${DEVICE} does not arrive: does a packet filter drop it?`);
    const sent = this.#send();
    if (queue === undefined || sent === 'refused') this.#waitMs = ABSENT_MS;
    else if (taken.length > 0 || sent > 0) this.#waitMs = LOOK_MS.first;
    else this.#waitMs = Math.min(LOOK_MS.most, 2 * this.#waitMs);
    return taken;
  }

  /** How many. */
  #send(): number | 'refused' {
    const items = this.#intake.next();
    for (const [sent, { datagram }] of items.entries()) {
      const result = sendto(this.#fd, datagram, this.#to, MSG.NOSIGNAL);
      if (result >= 0) continue;
      this.#intake.refused(sent);
      this.#complain(errnoName(-result));
      return 'refused';
    }
    return items.length;
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
    this.#sockets.close();
    this.#arrivals.close();
  }
}

/** By column of /proc/net/udp behind the number. */
const COLUMN = { local: 0, queues: 3, user: 6, inode: 8, drops: 11 } as const;

type Beside = { inode: string; received: number; user: number };
/**
 * The thread's socket: it, and the one of ours beside it, which has `received` so many datagrams, are bound
 * to the same group and port. It is of root or of who started the thread; what others bind there is not it.
 */
export function findQueue(text: string, beside: Beside): Queue | undefined {
  const group = addressBytes(TO_KERNEL.group).readUInt32LE(0).toString(16).toUpperCase().padStart(8, '0');
  const port = TO_KERNEL.port.toString(16).toUpperCase().padStart(4, '0');
  const rows = text
    .split('\n')
    // Of thousands of sockets two: most lines are not taken apart.
    .filter((line) => line.includes(` ${group}:${port} `))
    .map((line) => line.trim().split(/\s+/).slice(1))
    .filter((columns) => columns[COLUMN.local] === `${group}:${port}`);
  const ours = rows.find((columns) => columns[COLUMN.inode] === beside.inode);
  const theirs = rows.find(
    (columns) => columns !== ours && [0, beside.user].includes(Number(columns[COLUMN.user])),
  );
  const waiting = theirs?.[COLUMN.queues]?.split(':')[1];
  const life = theirs?.[COLUMN.inode];
  if (waiting === undefined || life === undefined) return undefined;
  const drops = (columns: string[] | undefined) => Number(columns?.[COLUMN.drops] ?? 0);
  const arrived = beside.received + drops(ours);
  return { life, waitingBytes: Number.parseInt(waiting, 16), drops: drops(theirs), arrived };
}
