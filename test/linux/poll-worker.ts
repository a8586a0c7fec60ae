// Part of libc.test.ts: a worker thread that blocks in ppoll until an eventfd is written, and says what it
// found.
import { parentPort, workerData } from 'node:worker_threads';
import { read } from '../../src/linux/libc.ts';
import { PollSet } from '../../src/linux/poll.ts';

const { wake } = workerData as { wake: number };
const set = new PollSet();
const index = set.add(wake);
parentPort!.postMessage('blocking');
const count = set.wait(20_000_000_000);
const value = Buffer.alloc(8);
const length = read(wake, value);
parentPort!.postMessage({ count, ready: set.ready(index), length, value: value.readUInt32LE(0) });
