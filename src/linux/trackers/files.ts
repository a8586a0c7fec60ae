// Tracked files: the number in each, told when it changes. inotify (fs.watch) says at once that a directory
// changed; a look each second finds what it does not tell: directories that come later, network file systems.
import { closeSync, constants, type FSWatcher, openSync, readSync, watch, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileTarget } from '../../director/trackers.ts';

const LOOK_EACH_MS = 1000;
/** A number and some blanks. */
const LONGEST = 64;
const INT = { min: -(2 ** 31), max: 2 ** 31 - 1 };

export class WatchedFile {
  readonly #target: FileTarget;
  readonly #onValue: (value: number) => void;
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #value: number | undefined;

  /** Tells the first value before it returns. Throws what keeps `init_file` from being written. */
  constructor(target: FileTarget, onValue: (value: number) => void) {
    this.#target = target;
    this.#onValue = onValue;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EACH_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
  }

  #look(): void {
    this.#watcher ??= this.#watch();
    const value = numberIn(this.#target.path);
    if (value === this.#value) return;
    this.#value = value;
    this.#onValue(value);
  }

  /** The directory, because an editor puts a new file in the place of the old one. */
  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(dirname(this.#target.path), () => this.#look());
      const forget = () => {
        watcher.close();
        this.#watcher = undefined;
      };
      return watcher.on('error', forget);
    } catch {
      return undefined; // no such directory, or no inotify left: the timer looks
    }
  }
}

/** keepalived 2.2.7: 0 when there is no file, and when it does not begin with a number. */
function numberIn(path: string): number {
  const text = beginningOf(path);
  const number = Number(/^\s*([+-]?\d+)/.exec(text)?.[1] ?? 0);
  return Math.min(INT.max, Math.max(INT.min, number));
}

function beginningOf(path: string): string {
  let fd: number | undefined;
  try {
    // Not to wait for the other end, should somebody have made it a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(LONGEST);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, LONGEST, null));
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Undefined: written, or nothing to do. Else why not. */
export function initialize({ path, init }: FileTarget): string | undefined {
  if (init === undefined) return undefined;
  // Never through a link that somebody else may have put there.
  const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW } = constants;
  const flag = O_WRONLY | O_CREAT | O_NOFOLLOW | (init.overwrite ? O_TRUNC : O_EXCL);
  try {
    const fd = openSync(path, flag, 0o644);
    try {
      writeSync(fd, `${init.value}\n`);
    } finally {
      closeSync(fd);
    }
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? undefined : message;
  }
}
