// Entry point of the elector's thread; started by elector.ts only.
import assert from 'node:assert';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { ThreadData } from './elector.ts';
import { ElectorThread } from './thread.ts';

if (!isMainThread) run();

function run(): void {
  assert(parentPort, 'the elector runs in a worker thread');
  const thread = new ElectorThread(parentPort, workerData as ThreadData);
  try {
    thread.run();
  } catch (error) {
    thread.abandon();
    throw error;
  } finally {
    parentPort.close();
  }
}
