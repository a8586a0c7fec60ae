// What a process does for its size once its start is over: nothing here may delay the first advert.
import { flushCompileCache } from 'node:module';
import { dropStartupPages } from '../linux/startup-pages.ts';

const AFTER_MS = 3_000;

/** Writes the compile cache for the next start, gives back what only this start needed. */
export function settleLater(): void {
  setTimeout(() => {
    flushCompileCache();
    dropStartupPages();
  }, AFTER_MS).unref();
}
