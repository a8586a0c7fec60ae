// Stories: commands to a simulated pair and, below `----`, what is then told. UPDATE=1 writes what is told
// now into the files; review reads the difference.
//
//   director NAME PRIORITY [nopreempt] [preempt_delay SECONDS]    start|stop|crash|pause|resume NAME
//   link NAME up|down      cut|join NAME NAME (both ways)         drill NAME HOLD      wait TIME      service
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { type Spec, World } from '../sim/world.ts';

const files = globSync(`${fileURLToPath(new URL('.', import.meta.url))}*.txt`);

test.each(files.map((file) => [basename(file, '.txt'), file]))('%s', (_, file) => {
  const told = readFileSync(file, 'utf8');
  const now = retell(told);
  if (process.env.UPDATE) writeFileSync(file, now);
  else expect(now).toBe(told);
});

/** Runs the commands of each block and writes what is told below them. Comments stay. */
function retell(story: string): string {
  const blocks = story.trimEnd().split(/\n\n+/);
  const specs: Spec[] = [];
  let world: World | undefined;
  const blocksNow = blocks.map((block) => {
    const lines = block.split('\n');
    const bar = lines.indexOf('----');
    const commands = bar < 0 ? lines : lines.slice(0, bar);
    for (const line of commands) {
      const words = line.split(/\s+/);
      if (line.startsWith('#') || line === '') continue;
      if (words[0] === 'director') specs.push(directorOf(words.slice(1), specs.length));
      else {
        world ??= new World(1, specs);
        perform(world, words);
      }
    }
    if (world === undefined || commands.every((line) => line.startsWith('#'))) return commands.join('\n');
    return [...commands, '----', ...world.trace.splice(0)].join('\n');
  });
  return `${blocksNow.join('\n\n')}\n`;
}

function directorOf(words: string[], index: number): Spec {
  const [name, priority, ...options] = words;
  const own: Partial<InstanceSettings> = { priority: Number(priority) };
  if (options.includes('nopreempt')) own.preempt = false;
  const delay = options.indexOf('preempt_delay');
  if (delay >= 0) own.preemptDelayMs = Number(options[delay + 1]) * 1000;
  return { name: name!, address: address(`10.0.0.${11 + index}`), own };
}

function perform(world: World, words: string[]): void {
  const [verb, name = '', argument = ''] = words;
  switch (verb) {
    case 'start':
    case 'crash':
    case 'pause':
    case 'resume':
      return world[verb](name);
    case 'stop':
      return world.command(name, { type: 'stop' });
    case 'drill':
      return world.command(name, { type: 'drill', holdMs: milliseconds(argument) });
    case 'link':
      return world.link(name, argument === 'up');
    case 'cut':
      world.cut(name, argument);
      return world.cut(argument, name);
    case 'join':
      return world.heal();
    case 'wait':
      return world.run(milliseconds(name));
    case 'service':
      world.trace.push(serviceOf(world));
      return world.resetMeters();
    default:
      throw new Error(`a story cannot "${words.join(' ')}"`);
  }
}

function milliseconds(text: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`not a time: ${text}`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

function serviceOf(world: World): string {
  const outage = world.longestOutageMs.toFixed(1);
  const holders = world.holders().join(' and ') || 'nobody';
  return `the address: on ${holders}; the client asks ${world.clientAsks}; longest outage ${outage} ms`;
}
