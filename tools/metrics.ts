// Writes docs/metrics.md from the catalogue in src/console/metrics/catalogue.ts: `node tools/metrics.ts`,
// part of `npm run fix`. A test keeps the two equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KEEPALIVEDS, OURS } from '../src/console/metrics/catalogue.ts';

const HEAD = `# Metrics

<!-- Made from src/console/metrics/catalogue.ts by tools/metrics.ts: change that, then run
\`npm run fix\`. -->

With \`web\` a director tells Prometheus, and everyone else who can connect there, how it is. Nothing can
be changed there, and no secret is told; names of instances and addresses are. So let it listen where
only those who may know it can connect:

\`\`\`
director {
    web 127.0.0.1:9165
}
\`\`\`

It answers \`GET /metrics\`. Numbers are read when they are asked for, at most each half second and for a
tenth of the time, whoever asks: more often, the answer is the one before. A scrape must not be shorter
than a reload takes: with thousands of services give it ten seconds.

How to scrape a pair, and alerts for it: [examples/monitoring](../examples/monitoring). Names and labels
are never given another meaning.

## Our own

A service is named as \`lvs-director ipvs\` and the log name it (\`TCP 192.0.2.1:80\`), a server by its
address and port. Counters begin anew with the process that counts: those of packets with the engine,
those of VRRP with the director.

`;
const THEIRS = `
## keepalived-exporter's

What [keepalived-exporter](https://github.com/mehdy/keepalived-exporter) reads in keepalived's dumps, by
its names, labels and numbers, so that dashboards and alerts go on working: it listens on port 9165.
\`metrics { keepalived_names off }\` leaves them out. States are 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT; who
hands over is still MASTER.

`;
const OF_PROCESS = `
## Of the balancer's process

\`process_*\` and \`nodejs_*\` are prom-client's: processor, memory, open files, delay of the event loop.
They are measured since the first scrape. The thread that elects is not in that process, and never waits
for it.
`;

type Entry = { type: string; labels: readonly string[]; means: string };

export function renderMetrics(): string {
  return `${HEAD}${table(OURS)}${THEIRS}${table(KEEPALIVEDS)}${OF_PROCESS}`;
}

function table(metrics: Readonly<Record<string, Entry>>): string {
  const rows = Object.entries(metrics).map(
    ([name, { type, labels, means }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${means} |`,
  );
  return `| metric | type | labels | means |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

if (import.meta.main)
  writeFileSync(fileURLToPath(new URL('../docs/metrics.md', import.meta.url)), renderMetrics());
