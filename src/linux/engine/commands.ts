// What crosses between the balancer and the engine's thread: commands with a number, replies with the same,
// and notices. Plain data; a message is accompanied by a write to the thread's eventfd, which ends its wait
// for packets.
import type { MessagePort } from 'node:worker_threads';
import type { Notice } from '../../core/events.ts';
import type { ConductName } from '../../ipvs/embedded/conduct.ts';
import type { MarkMap } from '../../ipvs/marking.ts';
import type { Command, OwnedAddress, Timeouts } from '../../ipvs/plane.ts';

export type EngineCommand =
  | { type: 'apply'; commands: readonly Command[] }
  | { type: 'own'; addresses: readonly OwnedAddress[] }
  | { type: 'mark'; maps: readonly MarkMap[] }
  | { type: 'readTable' }
  | { type: 'readSync' }
  | { type: 'readCounters' }
  | { type: 'readStatistics' }
  | { type: 'readInfo' }
  | { type: 'changeTimeouts'; timeouts: Timeouts }
  | { type: 'changeConduct'; name: ConductName; value: number }
  /** The answer is a ShownPortion. */
  | { type: 'readConnections'; from: number }
  /** Tell of the connections: all there are, then each as it changes. Or no more. */
  | { type: 'tell'; on: boolean }
  /** Connections that the peer told of, as a sync datagram. */
  | { type: 'adopt'; datagram: Uint8Array }
  | { type: 'close' };
export type Numbered = { id: number; command: EngineCommand };
export type EngineMessage =
  | { type: 'running' }
  | { type: 'reply'; id: number; value: unknown }
  | { type: 'notice'; notice: Notice }
  /** Connections, as a sync datagram. */
  | { type: 'told'; datagram: Uint8Array };

export type ThreadData = {
  port: MessagePort;
  /** Readable when commands wait. */
  wakeFd: number;
  capacity: number;
  seed: number;
};
