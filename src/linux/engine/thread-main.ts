// Entry point of the packet engine's thread; started by plane.ts only.
import { isMainThread, workerData } from 'node:worker_threads';
import type { ThreadData } from './commands.ts';
import { EngineThread } from './thread.ts';

if (!isMainThread) new EngineThread(workerData as ThreadData).run();
