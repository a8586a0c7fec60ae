// What a director tells at `web`, asked from within its namespace.
import { execFileSync } from 'node:child_process';

const ASK =
  'fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))';

/** Throws what went wrong, with the reason. */
export function scrape(namespace: string, place: string): string {
  const words = [process.execPath, '-e', ASK, `http://${place}/metrics`];
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return execFileSync('ip', ['netns', 'exec', namespace, ...words], { encoding: 'utf8', stdio });
}

/** By name and labels, as they are written. */
export function valuesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}
