// What crosses between the balancer and the thread that speaks with the kernel's sync threads. Plain data; a
// command is accompanied by a write to the thread's eventfd, which ends its wait.
import type { MessagePort } from 'node:worker_threads';

export type KernelCommand =
  /** Into the kernel's table; answered by `done`. */
  | { type: 'adopt'; id: number; datagram: Uint8Array }
  /** While it is on no change waits in the kernel for long. */
  | { type: 'push'; on: boolean }
  /** Answered by `done` when everything until now has been told. */
  | { type: 'flush'; id: number }
  | { type: 'close' };
export type KernelMessage =
  /** From now on nothing is missed. */
  | { type: 'running' }
  /** Connections, as the kernel tells of them: a datagram. */
  | { type: 'told'; datagram: Uint8Array }
  /** These are in the kernel's table. */
  | { type: 'done'; ids: number[] }
  /** So many datagrams of the kernel came to nobody: we were too slow. */
  | { type: 'missed'; datagrams: number }
  /** What the kernel says makes no sense. */
  | { type: 'dropped'; reason: string }
  /** The machine does not let us tell the kernel. */
  | { type: 'refused'; reason: string };

export type ThreadData = {
  port: MessagePort;
  /** Readable when commands wait. */
  wakeFd: number;
  interfaceIndex: number;
};
