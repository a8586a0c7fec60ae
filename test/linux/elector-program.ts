// An elector in a process of its own, for a test to look at from outside: commands come as JSON lines on
// standard input, reports go as JSON lines to standard output.
import { createInterface } from 'node:readline';
import { startElector } from '../../src/linux/elector/elector.ts';
import { removeLeftovers } from '../../src/linux/elector/leftovers.ts';
import type { ElectorCommand, ElectorSettings } from '../../src/vrrp/settings.ts';

/** In the place of a guardian: puts in order what another process left. */
const guard = process.argv[2];
if (guard !== undefined) {
  const { settings, masters } = JSON.parse(guard) as { settings: ElectorSettings; masters: string[] };
  removeLeftovers(settings, masters, new Map());
} else {
  const elector = startElector({ onReport: (report) => console.log(JSON.stringify(report)) });
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    // As a director does that has to end without an elector that answers.
    if (line === 'exit') process.exit(3);
    elector.send(JSON.parse(line) as ElectorCommand);
  });
  elector.terminated.then(() => lines.close());
}
