// Stories: commands to a simulated pair and, below `----`, what is then told. UPDATE=1 writes what is told
// now into the files; review reads the difference.
//
//   director NAME PRIORITY [nopreempt] [advert SECONDS] [preempt_delay SECONDS] [preempt_wait SECONDS]
//     [password WORD] [key WORD [monotonic]] [ipv6] [sync_group] [track_eth1] [eth1_weight NUMBER]
//     [script_weight NUMBER] [keepalived]
//   start|stop|crash|pause|resume NAME      drill NAME HOLD           wait TIME
//   knows|forgets NAME (the connections)
//   link|eth1 NAME up|down                  script NAME succeeds|fails     priority NAME NUMBER (a reload)
//   reload NAME (nothing has changed)
//   cut|join NAME NAME (both ways)          join NAME NAME deaf NAME (who does not hear the other yet)
//   remove|put_back NAME (its instance, by a reload)       take NAME (somebody takes the address away)
//   keys NAME WORD[#ID] … (the first one signs)       mode NAME enforce|permissive|receive-only (reloads)
//   clock NAME TIME ahead|behind
//   service (who has the address, whom the client asks, how long nobody answered)
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Spec, World } from '../sim/world.ts';
import { perform, specOf } from './teller.ts';

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
      if (words[0] === 'director') specs.push(specOf(words.slice(1), specs.length));
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
