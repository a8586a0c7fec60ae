// Keeps what this process has open from the programs it starts. Node closes its own descriptors on exec; what
// our parent left open (a shell's, a service manager's) would be handed on.
import { readdirSync } from 'node:fs';
import { define } from '../libc.ts';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const FIRST_OF_OURS = 3;

const fcntl = define<(fd: number, command: number, value: number) => number>('fcntl', 'int', [
  'int',
  'int',
  'int',
]);

export function keepDescriptors(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    // The one that the directory was read by is closed already: no harm.
    if (fd >= FIRST_OF_OURS) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}
