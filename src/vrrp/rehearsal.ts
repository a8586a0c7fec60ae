// A takeover on a copy: what a real one will run through, from silence to the last announcement, with nothing
// sent. The engine that runs this program compiles a function when it is first called: the first takeover
// would wait for all of them.
import { createElector, type Link, stepElector } from './elector.ts';
import type { Action } from './instance.ts';
import type { ElectorSettings } from './settings.ts';

/** Later than any deadline that a start sets. */
const MUCH_LATER_MS = 1e9;

/** Addresses of each kind: more of them run through the same functions. */
const ADDRESSES = 8;

/** What the elector would do if nobody else were heard and nothing outside of it were watched. */
export function rehearseTakeover(settings: ElectorSettings, links: ReadonlyMap<string, Link>): Action[] {
  const elector = createElector();
  const instances = settings.instances.map((own) => ({
    ...own,
    tracks: [],
    vips: own.vips.slice(0, ADDRESSES),
    excludedVips: own.excludedVips.slice(0, ADDRESSES),
  }));
  const command = { type: 'configure' as const, settings: { ...settings, instances } };
  for (const [name, link] of links) stepElector(elector, { type: 'link', interface: name, link }, 0);
  stepElector(elector, { type: 'command', command }, 0);
  return stepElector(elector, { type: 'wake' }, MUCH_LATER_MS);
}
