// Entry point. What takes time to load comes after the start of what takes time to boot.
import { spawnAhead } from '../daemon/balancer-spawn.ts';

if (import.meta.main) {
  spawnAhead(process.argv.slice(2));
  const { program } = await import('./program.ts');
  await program.parseAsync();
}
