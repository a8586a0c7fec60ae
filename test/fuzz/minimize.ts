// A smaller input that fails in the same way: first without files, then without ever shorter pieces.
import type { Input } from './input.ts';

/** `fails` is asked until nothing can be left out or the time is over. */
export function minimize(input: Input, fails: (smaller: Input) => boolean, budgetMs: number): Input {
  const endMs = performance.now() + budgetMs;
  let best = input;
  const attempt = (smaller: Input) => {
    if (performance.now() > endMs || !fails(smaller)) return false;
    best = smaller;
    return true;
  };
  attempt({ ...best, files: {} });
  attempt({ ...best, text: '' });
  for (const name of Object.keys(best.files))
    shorten(best.files[name]!, (text) => attempt({ ...best, files: { ...best.files, [name]: text } }));
  shorten(best.text, (text) => attempt({ ...best, text }));
  return best;
}

function shorten(given: string, attempt: (shorter: string) => boolean): void {
  let text = given;
  for (let size = text.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < text.length; ) {
      const shorter = text.slice(0, at) + text.slice(at + size);
      if (attempt(shorter)) text = shorter;
      else at += size;
    }
  }
}
