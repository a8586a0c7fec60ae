// The top of the language: which blocks there are. Everything else hangs below.

import { BFD_INSTANCE } from './bfd.ts';
import { type Block, type Keyword, keyword, opens } from './block.ts';
import { DIRECTOR } from './director.ts';
import { serviceHead } from './endpoints.ts';
import { GARP_GROUP } from './garp.ts';
import { GLOBAL_DEFS } from './global.ts';
import { VIRTUAL_SERVER, VIRTUAL_SERVER_GROUP } from './ipvs.ts';
import { LINK_BLOCKS } from './links.ts';
import { name, nothing } from './shape.ts';
import { STATIC_BLOCKS } from './statics.ts';
import { SYNC_GROUP } from './sync-group.ts';
import { TRACK_FILE, TRACK_PROCESS } from './trackers.ts';
import { VRRP_INSTANCE } from './vrrp.ts';
import { VRRP_SCRIPT } from './vrrp-script.ts';
import { TOP_WORDS } from './words-top.ts';

export const TOP = {
  name: 'the top level',
  keywords: {
    global_defs: opens(nothing, 'settings of the whole director', GLOBAL_DEFS),
    vrrp_instance: opens(name, 'one virtual router', VRRP_INSTANCE),
    vrrp_sync_group: opens(name, 'instances that change state together', SYNC_GROUP),
    bfd_instance: opens(name, 'a BFD session that instances may watch', BFD_INSTANCE),
    vrrp_script: opens(name, 'a script that instances may watch', VRRP_SCRIPT),
    vrrp_track_process: opens(name, 'processes that instances may watch', TRACK_PROCESS),
    track_file: opens(name, 'a file with a number that instances may watch', TRACK_FILE),
    vrrp_track_file: opens(name, 'old name of track_file', TRACK_FILE, { oldNameOf: 'track_file' }),
    garp_group: opens(nothing, 'pauses between gratuitous ARPs of one or more interfaces', GARP_GROUP),
    ...LINK_BLOCKS,
    ...STATIC_BLOCKS,
    virtual_server_group: opens(name, 'addresses and firewall marks of one service', VIRTUAL_SERVER_GROUP),
    virtual_server: opens(serviceHead, 'one virtual service and its real servers', VIRTUAL_SERVER),
    director: opens(nothing, 'settings that only lvs-director has', DIRECTOR),
  },
  others: TOP_WORDS,
} as const satisfies Block;

/** In every block, but no setting: the file is read before statements are made of what it says. */
export const INCLUDE = {
  word: 'include',
  keyword: keyword<string>(
    {
      syntax: 'PATH',
      json: { type: 'string' },
      example: 'parts/*.conf',
      read: (words) => words.take('a path')?.text,
    },
    'files that are read here; a pattern with * ? [ ] or { } may match several',
    { many: true },
  ),
} as const satisfies { word: string; keyword: Keyword };
