// Three kinds of tests. `fast`: pure code and simulations, milliseconds, no privileges. `system`: real
// sockets, namespaces and processes of this machine (needs root or user namespaces). `lab`: a
// User-Mode-Linux guest with real IPVS.
import { defineConfig } from 'vitest/config';

const fast = [
  'core',
  'config',
  'vrrp',
  'ipvs',
  'sync',
  'health',
  'netlink',
  'director',
  'sim',
  'stories',
  'cli',
];
/** In a pure folder, but they ask the real keepalived. */
const REFEREES = ['keepalived', 'samples', 'scripts', 'words/words'].map(
  (name) => `test/config/${name}.test.ts`,
);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/*.test.ts', ...fast.map((part) => `test/${part}/**/*.test.ts`)],
          exclude: REFEREES,
          // Left to itself vitest keeps one core free: on two that is half the machine.
          maxWorkers: '100%',
          // Milliseconds on a machine of one's own; on a busy one that nobody waits for, it may take its time.
          testTimeout: 30_000,
          // Pure code leaves nothing behind for the next file: loading it once saves a third of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/{linux,probes,console,daemon,demo}/**/*.test.ts', ...REFEREES],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          // A guest that hangs is ended after five minutes; on a slow host some need two for what they do.
          testTimeout: 330_000,
          hookTimeout: 330_000,
          // A page fault of a guest takes 140 µs alone, 390 µs beside a second guest: two are slower than one
          // after the other, on two cores, too (measured in a virtual machine).
          maxWorkers: 1,
        },
      },
    ],
  },
});
