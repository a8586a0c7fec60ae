// The elector as the director process sees it: a thread that is told and that tells. See thread.ts.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { copyRecorder, type RecorderCopy, type RecorderMemory, recorderMemory } from '../../vrrp/recorder.ts';
import type { ElectorCommand, ElectorReport } from '../../vrrp/settings.ts';
import { close, eventfd, ring } from '../libc.ts';
import { NAMES } from '../thread-name.ts';
import { type Errand, type ErrandDone, ErrandRunner, type ErrandWord, errandWord } from './errands.ts';

export type Elector = {
  send(command: ElectorCommand): void;
  /** Of the flight recorder, as it is now; the thread neither notices nor has to live. */
  recording(): RecorderCopy;
  /** The thread has ended: after `stopped`, `failed` or {@link leave}. */
  terminated: Promise<void>;
  /**
   * Ends the thread wherever it is, and resolves with that. To be waited for before the process exits: Node
   * aborts one whose thread is still loading native code.
   */
  leave(): Promise<void>;
};
/** `bell`: an eventfd to ring after each message. `leave[0]`: 1 = the process ends, do not wait any more. */
export type ThreadData = { bell: number; leave: Int32Array; errands: ErrandWord; recorder: RecorderMemory };
/** Between this and the thread. */
export type ThreadCommand = ElectorCommand | ErrandDone;
export type ThreadReport = ElectorReport | Errand;

export function startElector(options: { onReport(report: ElectorReport): void }): Elector {
  const bell = eventfd(0);
  const leave = new Int32Array(new SharedArrayBuffer(4));
  const recorder = recorderMemory();
  const errands = errandWord();
  const runner = new ErrandRunner(errands);
  // A thread that waits in ppoll cannot be ended from outside: without this, process.exit would wait for it.
  const release = () => {
    Atomics.store(leave, 0, 1);
    ring(bell);
  };
  process.once('exit', release);
  let worker: Worker | undefined;
  let ended = false;
  let end!: () => void;
  const terminated = new Promise<void>((resolve) => {
    end = () => {
      process.off('exit', release);
      close(bell);
      runner.close();
      ended = true;
      resolve();
    };
  });
  const begin = () => {
    const workerData: ThreadData = { bell, leave, errands, recorder };
    const thread = new Worker(new URL('./thread-main.ts', import.meta.url), {
      workerData,
      name: NAMES.elector,
    });
    thread.once('exit', end);
    thread.on('message', (report: ThreadReport) => {
      if (report.type !== 'errand') return options.onReport(report);
      const done = runner.run(report);
      if (done) send(done);
    });
    thread.once('error', (error) => {
      options.onReport({ type: 'failed', message: error.message, code: codeOf(error) });
    });
    return thread;
  };
  const send = (command: ThreadCommand) => {
    if (ended) return;
    worker ??= begin();
    worker.postMessage(command);
    ring(bell);
  };
  // With one processor it would take its time from the balancer, which it waits for.
  if (availableParallelism() > 1) worker = begin();
  return {
    send,
    recording: () => copyRecorder(recorder),
    terminated,
    leave() {
      if (worker === undefined) end();
      else if (!ended) release();
      return terminated;
    },
  };
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'SYSTEM_CALL';
}
