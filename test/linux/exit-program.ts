// For exit.test.ts: ends while one of its threads waits for ever. `at-once`: by exitAtOnce.
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { exitAtOnce } from '../../src/linux/exit.ts';
import { ppoll } from '../../src/linux/libc.ts';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  worker.on('message', () => {
    process.on('exit', () => writeSync(1, 'last words'));
    if (process.argv[2] === 'at-once') exitAtOnce();
    process.exit(3);
  });
} else {
  parentPort!.postMessage('waiting');
  ppoll(Buffer.alloc(0), 0, -1);
}
