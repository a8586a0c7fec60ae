// Writes docs/events.md from the catalogue in src/core/events.ts: `node tools/events.ts`, part of `npm run
// fix`. A test keeps the two equal.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EVENTS } from '../src/core/events.ts';

const HEAD = `# Events

<!-- Made from src/core/events.ts by tools/events.ts: change that, then run \`npm run fix\`. -->

Every line of a director's log is one event. \`event\` is one of the names below: they are never given another
meaning, so monitors can rely on them.

| field | is |
|---|---|
| \`level\` | \`debug\`, \`info\`, \`warn\`, \`error\` or \`fatal\` |
| \`time\` | milliseconds since 1970 (UTC) |
| \`name\` | \`lvs-director\` |
| \`process\` | \`director\` or \`balancer\` |
| \`pid\` | the process that speaks |
| \`event\` | the name |
| \`msg\` | the event in words, for changes of state those of keepalived |

After \`event\` come the fields of the event itself: \`instance\`, \`vip\`, \`service\`, \`server\`,
\`reason\` and others as they apply. Fields whose name ends in \`ms\` or \`Ms\` are milliseconds. Secrets
appear as \`(secret)\`. What the network can repeat without end is printed once or a few times and then
counted: a line with \`more\` says how many like it there were. \`-l\` prints lines for people in place of
JSON.

| event | level | means |
|---|---|---|
`;

export function renderEvents(): string {
  const rows = Object.entries(EVENTS).map(
    ([name, { level, means }]) => `| \`${name}\` | ${level} | ${means} |`,
  );
  return `${HEAD}${rows.join('\n')}\n`;
}

if (import.meta.main)
  writeFileSync(fileURLToPath(new URL('../docs/events.md', import.meta.url)), renderEvents());
