// A named pipe that events are written to. Never waits: what does not fit is lost and counted. Open for
// reading too, as keepalived has it, so that a reader may come and go.
import { chownSync, closeSync, constants, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { define } from '../libc.ts';
import { type Account, accountOf } from './accounts.ts';

const { O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;
/** The events are for whoever it is given to; with a group, for the group too. */
const OWNER_ONLY = 0o600;
const OWNER_AND_GROUP = 0o660;

const mkfifo = define<(path: string, mode: number) => number>('mkfifo', 'int', ['str', 'uint32_t']);

export type PipeOwner = { path: string; user?: string; group?: string };

export class EventPipe {
  readonly path: string;
  readonly #fd: number;
  readonly #isOurs: boolean;
  lost = 0;

  /** Throws with the reason when there can be no such pipe. */
  constructor({ path, user, group }: PipeOwner) {
    const owner = user === undefined ? undefined : ownerOf(user, group);
    this.path = path;
    this.#isOurs = make(path, group === undefined ? OWNER_ONLY : OWNER_AND_GROUP);
    this.#fd = openSync(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    if (this.#isOurs && owner !== undefined) chownSync(path, owner.uid, owner.gid);
  }

  /** A line is written whole or not at all: it is shorter than PIPE_BUF. */
  write(line: string): void {
    try {
      writeSync(this.#fd, line);
    } catch {
      this.lost += 1;
    }
  }

  close(): void {
    closeSync(this.#fd);
    if (!this.#isOurs) return;
    try {
      unlinkSync(this.path);
    } catch {
      // Somebody else took it away.
    }
  }
}

function ownerOf(user: string, group: string | undefined): Account {
  const account = accountOf(user, group);
  if (account === undefined) throw new Error(`there is no user ${[user, group].join(' ').trim()}`);
  return account;
}

/** True when it was not there before. */
function make(path: string, mode: number): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO()) return false;
  if (mkfifo(path, mode) !== 0) throw new Error(`${path} is there and is no named pipe, or cannot be made`);
  return true;
}
