// Network namespaces of the guest: the calling thread goes in and out with setns(2), so that a Node thread
// can own sockets in one, read its /proc/net and start programs in it without a process of its own per
// namespace.
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;
const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int nstype)');
const home = openSync('/proc/thread-self/ns/net', 'r');

/** From here on the thread is in the namespace; a worker that plays one machine stays there. */
export function enter(name: string): void {
  const fd = openSync(`/run/netns/${name}`, 'r');
  switchTo(fd);
  closeSync(fd);
}

/** `work` must be synchronous: whatever runs after its first await would be in the wrong namespace. */
export function inside<T>(name: string, work: () => T): T {
  enter(name);
  try {
    return work();
  } finally {
    switchTo(home);
  }
}

function switchTo(fd: number): void {
  const result: number = setns(fd, CLONE_NEWNET);
  assert.equal(result, 0, `setns: errno ${koffi.errno()}`);
}

/** The processes whose main thread lives in the namespace. */
export function processesIn(name: string): number[] {
  const wanted = `net:[${statSync(`/run/netns/${name}`).ino}]`;
  const processes = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return processes.filter((pid) => namespaceOf(pid) === wanted);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // gone between readdir and readlink, or a zombie
  }
}
