// The block `director { … }`: settings that keepalived does not have.
import { controlPath, LONGEST_SOCKET_PATH, RUNTIME_DIRECTORY } from '../../core/runtime-files.ts';
import { type Block, keyword, opens } from './block.ts';
import { IPVS_SETTINGS } from './ipvs-settings.ts';
import { NOTIFY } from './notify.ts';
import { SERVERS } from './servers.ts';
import { integer, nothing, oneOf, type Shape, seconds, text, toggle } from './shape.ts';
import { SYNC } from './sync.ts';
import { WEB_WORDS } from './web.ts';

export const DRILL = {
  name: 'drill',
  keywords: {
    hold: keyword(seconds(0, 3600), 'how long a director that handed over stays away in a drill', {
      default: 10_000,
    }),
  },
} as const satisfies Block;

/** Where a Unix socket may be. */
const socketPath: Shape<string> = {
  ...text,
  syntax: 'PATH',
  json: { type: 'string', pattern: '^/', maxLength: LONGEST_SOCKET_PATH },
  example: controlPath(RUNTIME_DIRECTORY),
  read(words) {
    const word = words.take('a path');
    if (word === undefined) return undefined;
    if (!word.text.startsWith('/')) return words.wrong(word, `takes an absolute path, not "${word.text}"`);
    const bytes = Buffer.byteLength(word.text);
    if (bytes <= LONGEST_SOCKET_PATH) return word.text;
    const allowed = `1 to ${LONGEST_SOCKET_PATH} bytes`;
    return words.outside(word, allowed, `${bytes} bytes; a socket's path has at most ${LONGEST_SOCKET_PATH}`);
  },
};

export const DIRECTOR = {
  name: 'director',
  keywords: {
    engine: keyword(
      oneOf(['auto', 'kernel', 'embedded']),
      "what forwards packets: the kernel's IPVS, the embedded engine, or with `auto` the kernel's where " +
        'there is one; with no virtual_server `auto` leaves the addresses to the kernel',
      { default: 'auto' },
    ),
    compat: keyword(toggle, 'be as lenient as keepalived: unknown words are ignored', { default: false }),
    drill: opens(nothing, 'failover drills (USR2)', DRILL),
    notify: opens(nothing, 'who else is told of what happens', NOTIFY),
    servers: opens(nothing, 'how real servers come into service and leave it', SERVERS),
    sync: opens(nothing, 'connection sync between the balancers: encrypted, with full copies', SYNC),
    ipvs: opens(
      nothing,
      'settings of the whole of IPVS (net.ipv4.vs): what is named is set, and comes back as it was',
      IPVS_SETTINGS,
    ),
    vip_lease: keyword(
      integer(0, 3600),
      'seconds a virtual address stays when nobody renews it, with many 0.006 for each; 0 = for ever',
      // Longer than the election bound of one-second adverts, 3 + 1 s, is never needed; shorter leaves
      // nothing longer than the five seconds that are promised for a director that died with everything of
      // it.
      {
        default: 4,
        advice: 'an address that expires while its owner lives would be an outage: a few seconds',
      },
    ),
    runtime_directory: keyword(text, 'where USR1 writes the state, and the flight recorder', {
      default: RUNTIME_DIRECTORY,
    }),
    control: keyword(
      socketPath,
      'the control socket, at which commands ask; left out: control.sock in the runtime directory',
    ),
    flight_recorder: keyword(
      integer(0, 100),
      'how many recordings of the flight recorder are kept, one of each transition; 0 = none is written',
      { default: 8 },
    ),
    ...WEB_WORDS,
  },
} as const satisfies Block;
