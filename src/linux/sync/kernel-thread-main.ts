// Entry point of the thread that speaks with the kernel's sync threads; started by kernel-exchange.ts only.
import { isMainThread, workerData } from 'node:worker_threads';
import { KernelThread } from './kernel-thread.ts';
import type { ThreadData } from './kernel-words.ts';

if (!isMainThread) new KernelThread(workerData as ThreadData).run();
