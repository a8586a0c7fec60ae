// A netlink socket: requests with their answers, many requests in few system calls, and events. Synchronous
// throughout.
//
// The kernel handles the messages of one sendmsg in order before the call returns, and reports each failure
// by sequence number whether or not an acknowledgement was asked for. So a batch asks for one
// acknowledgement, on its last message: it says that everything before it is done, and what was not reported
// did succeed. 5,000 services then cost a few dozen system calls. Batches are small enough that even if every
// message fails all reports fit into the receive buffer.
import assert from 'node:assert';
import {
  type Acknowledgement,
  decodeAcknowledgement,
  type Message,
  messageSize,
  NLM_F,
  NLMSG,
  type Request,
  splitMessages,
  writeMessage,
} from '../netlink/message.ts';
import {
  AF,
  bind,
  close,
  ERRNO,
  errnoName,
  getsockoptInt,
  MSG,
  recvfrom,
  SO,
  SOCK,
  SOL,
  SystemCallError,
  sendto,
  setReceiveBuffer,
  setsockopt,
  setsockoptInt,
  socket,
  systemError,
} from './libc.ts';
import { sockaddrNl, sockaddrNlPort } from './sockaddr.ts';

/** Options of level SOL.NETLINK. */
const NETLINK = { ADD_MEMBERSHIP: 1, CAP_ACK: 10, EXT_ACK: 11 } as const;
/** The kernel makes dump messages as large as the receive buffer it is shown, at most this. */
const RECEIVE_SIZE = 32 * 1024;
const BATCH_SIZE = 32 * 1024;
/**
 * A failure report takes less than 2 KiB of the receive buffer, so that a batch of them takes a quarter of
 * it.
 */
const BATCH_COUNT = 256;
const RECEIVE_BUFFER = 2 * 1024 * 1024;
/** Longer than any kernel operation: only a lost answer is waited for so long. */
const ANSWER_SECONDS = 10;
const DUMP_ATTEMPTS = 8;

export type Result = { ok: true } | { ok: false; errno: string; explanation?: string };
/**
 * `overrun`: the kernel had more events than room, some are lost; whoever keeps a picture has to look anew.
 */
export type Received = { messages: Message[]; overrun: boolean };

export class NetlinkSocket {
  readonly fd: number;
  readonly #kernel = sockaddrNl(0, 0);
  readonly #from = sockaddrNl(0, 0);
  readonly #in = Buffer.allocUnsafe(RECEIVE_SIZE);
  readonly #out = Buffer.allocUnsafe(BATCH_SIZE);
  #sequence = 0;
  #closed = false;

  /** `groups`: RTMGRP bits (events come by {@link receive}). A socket with groups is for events only. */
  constructor(protocol: number, options: { groups?: number } = {}) {
    this.fd = socket(AF.NETLINK, SOCK.RAW, protocol);
    try {
      setReceiveBuffer(this.fd, RECEIVE_BUFFER);
      setsockoptInt(this.fd, SOL.NETLINK, NETLINK.CAP_ACK, 1);
      setsockoptInt(this.fd, SOL.NETLINK, NETLINK.EXT_ACK, 1);
      const timeval = Buffer.alloc(16);
      timeval.writeUInt32LE(ANSWER_SECONDS);
      setsockopt(this.fd, SOL.SOCKET, SO.RCVTIMEO, timeval);
      bind(this.fd, sockaddrNl(0, options.groups ?? 0));
    } catch (error) {
      close(this.fd);
      throw error;
    }
  }

  /**
   * How much the kernel keeps for us, in bytes; undefined = as from the beginning. Answers what it really is:
   * beyond the limit of the system only `forced`, and with the capability.
   */
  keepBuffer(wanted: { bytes: number; forced: boolean } | undefined): number {
    if (wanted === undefined || wanted.forced) setReceiveBuffer(this.fd, wanted?.bytes ?? RECEIVE_BUFFER);
    else setsockoptInt(this.fd, SOL.SOCKET, SO.RCVBUF, wanted.bytes);
    // socket(7): the kernel doubles what it is asked for, and tells so.
    return getsockoptInt(this.fd, SOL.SOCKET, SO.RCVBUF) / 2;
  }

  /** A multicast group by its number: how generic netlink families tell of events. */
  join(group: number): void {
    setsockoptInt(this.fd, SOL.NETLINK, NETLINK.ADD_MEMBERSHIP, group);
  }

  /**
   * The answers to one request: none for a change, one for a get, many for a dump. Throws what the kernel
   * refuses.
   */
  request(request: Request): Message[] {
    for (let attempt = 1; ; attempt++) {
      const { answers, torn } = this.ask(request);
      if (!torn) return answers;
      if (attempt === DUMP_ATTEMPTS) throw new SystemCallError('netlink', 'EINTR', request.name);
    }
  }

  /**
   * {@link request} for whoever hears of changes as well. `torn`: the table changed while it was read, what
   * came is neither the old nor the new one; where thousands of addresses change there may be no other.
   */
  ask(request: Request): { answers: Message[]; torn: boolean } {
    const dump = (request.flags & NLM_F.DUMP) === NLM_F.DUMP;
    const out = messageSize(request) > this.#out.length ? Buffer.alloc(messageSize(request)) : this.#out;
    const sequence = this.#nextSequence();
    const end = writeMessage(request, dump ? 0 : NLM_F.ACK, sequence, out, 0);
    this.#send(out, end, request.name);
    const answers: Message[] = [];
    let torn = false;
    for (;;) {
      const messages = this.#answers(request.name);
      if (messages === 'overrun') throw new SystemCallError('netlink', 'ENOBUFS', request.name);
      for (const message of messages) {
        if (message.sequence !== sequence) continue; // left over from a request that was given up
        torn ||= (message.flags & NLM_F.DUMP_INTR) !== 0;
        if (message.type !== NLMSG.ERROR && message.type !== NLMSG.DONE) {
          answers.push(message);
          continue;
        }
        const { errno, explanation } = acknowledgement(message);
        if (errno === 0) return { answers, torn };
        const detail = explanation === undefined ? request.name : `${request.name}, ${explanation}`;
        throw systemError('netlink', errno, detail);
      }
    }
  }

  /**
   * Changes, in order, each tried whatever became of the ones before it. Gets and dumps are for {@link
   * request}.
   */
  requestMany(requests: readonly Request[]): Result[] {
    const results: Result[] = [];
    while (results.length < requests.length) {
      const batch = this.#pack(requests, results.length);
      results.push(...this.#settle(batch.first, batch.count));
    }
    return results;
  }

  /**
   * All of them or none, as nf_tables has it, between two messages that frame them. A kernel that does not
   * know the subsystem refuses the first; else the last of the requests is always answered.
   */
  transact(begin: Request, requests: readonly Request[], end: Request): Result {
    const last = requests.length;
    const all = [begin, ...requests, end];
    const out = Buffer.alloc(all.reduce((size, request) => size + messageSize(request), 0));
    // The kernel takes no message that is larger than it may keep for us.
    if (out.length > BATCH_SIZE) setsockoptInt(this.fd, SOL.SOCKET, SO.SNDBUFFORCE, out.length);
    const first = (this.#sequence + 1) >>> 0;
    let length = 0;
    for (const [index, request] of all.entries())
      length = writeMessage(request, index === last ? NLM_F.ACK : 0, this.#nextSequence(), out, length);
    this.#send(out, length, requests[0]!.name);
    let failed: Result | undefined;
    for (;;) {
      const messages = this.#answers(requests[0]!.name);
      if (messages === 'overrun') return failed ?? { ok: false, errno: 'ENOBUFS' };
      for (const message of messages) {
        const index = (message.sequence - first) >>> 0;
        if (message.type !== NLMSG.ERROR || index > last) continue;
        const result = resultOf(acknowledgement(message));
        if (!result.ok) failed ??= result;
        if (index === last || index === 0) return failed ?? result;
      }
    }
  }

  /** Events that wait in the socket. Never blocks. */
  receive(): Received {
    const messages: Message[] = [];
    let overrun = false;
    for (;;) {
      const length = recvfrom(this.fd, this.#in, this.#from, MSG.DONTWAIT | MSG.TRUNC);
      if (length === -ERRNO.EAGAIN) return { messages, overrun };
      if (length === -ERRNO.EINTR) continue;
      if (length === -ERRNO.ENOBUFS || length > this.#in.length) overrun = true;
      else if (length < 0) throw systemError('recvfrom', -length, 'netlink');
      else if (sockaddrNlPort(this.#from) === 0) messages.push(...this.#split(length));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }

  /** Sends as many of the requests from `start` on as one batch takes. */
  #pack(requests: readonly Request[], start: number): { first: number; count: number } {
    let end = 0;
    let count = 0;
    const first = (this.#sequence + 1) >>> 0;
    for (let index = start; index < requests.length && count < BATCH_COUNT; index++) {
      const request = requests[index]!;
      assert((request.flags & NLM_F.DUMP) !== NLM_F.DUMP, `${request.name} is a dump`);
      assert(messageSize(request) <= this.#out.length, `${request.name} is too long`);
      if (end + messageSize(request) > this.#out.length) break;
      const next = requests[index + 1];
      const last =
        next === undefined ||
        count === BATCH_COUNT - 1 ||
        end + messageSize(request) + messageSize(next) > this.#out.length;
      const bare = { ...request, flags: request.flags & ~NLM_F.ACK };
      end = writeMessage(bare, last ? NLM_F.ACK : 0, this.#nextSequence(), this.#out, end);
      count++;
    }
    this.#send(this.#out, end, `${count} requests`);
    return { first, count };
  }

  /** Reads reports until the acknowledgement of the batch's last message. */
  #settle(first: number, count: number): Result[] {
    const results = new Array<Result | undefined>(count);
    let barrier = (first + count - 1) >>> 0;
    let unreported: Result = { ok: true };
    for (;;) {
      let messages = this.#answers(`${count} requests`);
      if (messages === 'overrun') {
        // Reports are lost, perhaps the last one, and until the queue is empty the kernel drops new ones too:
        // empty it, mark the end anew, and claim nothing about what was not reported.
        messages = this.receive().messages;
        barrier = this.#sendBarrier();
        unreported = { ok: false, errno: 'ENOBUFS' };
      }
      for (const message of messages) {
        if (message.type !== NLMSG.ERROR) continue;
        const index = (message.sequence - first) >>> 0;
        if (index < count) results[index] = resultOf(acknowledgement(message));
        if (message.sequence === barrier) return Array.from(results, (result) => result ?? unreported);
      }
    }
  }

  /** The kernel does nothing about it but acknowledge it. */
  #sendBarrier(): number {
    const nothing = { name: 'NLMSG_NOOP', type: NLMSG.NOOP, flags: NLM_F.ACK, payload: Buffer.alloc(0) };
    const sequence = this.#nextSequence();
    this.#send(this.#out, writeMessage(nothing, 0, sequence, this.#out, 0), nothing.name);
    return sequence;
  }

  #send(bytes: Buffer, length: number, name: string): void {
    for (;;) {
      const sent = sendto(this.fd, bytes, this.#kernel, 0, length);
      if (sent >= 0) return;
      if (sent !== -ERRNO.EINTR) throw systemError('sendto', -sent, `netlink ${name}`);
    }
  }

  /** The messages of the next datagram from the kernel; waits for it. */
  #answers(name: string): Message[] | 'overrun' {
    for (;;) {
      const length = recvfrom(this.fd, this.#in, this.#from, MSG.TRUNC);
      if (length === -ERRNO.EINTR) continue;
      if (length === -ERRNO.ENOBUFS) return 'overrun';
      if (length === -ERRNO.EAGAIN) throw new SystemCallError('netlink', 'ETIMEDOUT', name);
      if (length < 0) throw systemError('recvfrom', -length, `netlink ${name}`);
      assert(length <= this.#in.length, `answer to ${name} has ${length} bytes`);
      // Any process may send to our port; only the kernel's is 0.
      if (sockaddrNlPort(this.#from) === 0) return this.#split(length);
    }
  }

  /** A copy: answers outlive the buffer that the next datagram is received in. */
  #split(length: number): Message[] {
    const split = splitMessages(Buffer.from(this.#in.subarray(0, length)));
    // The kernel does not send broken messages: if this happens we are the ones who are wrong about the
    // format.
    assert(split.ok, split.ok ? '' : `netlink datagram: ${split.drop}`);
    return split.value;
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }
}

function resultOf({ errno, explanation }: Acknowledgement): Result {
  if (errno === 0) return { ok: true };
  const failure: Result = { ok: false, errno: errnoName(errno) };
  return explanation === undefined ? failure : { ...failure, explanation };
}

function acknowledgement(message: Message): Acknowledgement {
  const decoded = decodeAcknowledgement(message);
  assert(decoded.ok, decoded.ok ? '' : `netlink acknowledgement: ${decoded.drop}`);
  return decoded.value;
}
