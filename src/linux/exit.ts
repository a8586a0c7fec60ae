// The end of a process, whatever its threads are at. `process.exit` waits for V8's threads, and one that
// compiles in the background and needs memory waits for the main thread to collect garbage: both for ever
// (https://github.com/nodejs/node/issues/54918). A director that hangs so at its stop keeps its pid file, its
// sockets and its service manager waiting.
import { define } from './libc.ts';

const exitNow = define<(code: number) => number>('_exit', 'int', ['int']);

/** From now on `process.exit` ends the process behind the listeners of `exit` that are there already. */
export function exitAtOnce(): void {
  process.on('exit', (code) => exitNow(code));
}
