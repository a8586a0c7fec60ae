// Run by startup-pages.test.ts: gives its pages back twice, then does something new, and prints how it went.
import { readFileSync } from 'node:fs';
import { dropStartupPages } from '../../src/linux/startup-pages.ts';

const rssKb = () => Number(/^Rss: +(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))![1]);
const beforeKb = rssKb();
dropStartupPages();
const afterKb = rssKb();
dropStartupPages();
const { createHash } = await import('node:crypto');
const digest = createHash('sha256').update('abc').digest('hex').slice(0, 8);
console.log(JSON.stringify({ beforeKb, afterKb, digest }));
