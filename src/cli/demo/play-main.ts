// The demo inside its private namespaces: the program that demo.ts starts there as process 1, with its
// orders as JSON in the first argument. When it ends, the kernel removes every process, interface and
// file of the demo.
import assert from 'node:assert';
import { type Orders, play } from './play.ts';

assert.equal(process.pid, 1, 'outside of namespaces of its own the demo would take the machine apart');
process.exit(await play(JSON.parse(process.argv[2] ?? '') as Orders));
