// The top of the language: which blocks there are. Everything else hangs below.
import { type Block, opens } from './block.ts';
import { DIRECTOR } from './director.ts';
import { serviceHead } from './endpoints.ts';
import { GLOBAL_DEFS } from './global.ts';
import { VIRTUAL_SERVER } from './ipvs.ts';
import { name, nothing } from './shape.ts';
import { VRRP_INSTANCE } from './vrrp.ts';
import { TOP_WORDS } from './words-vrrp.ts';

export const TOP = {
  name: 'the top level',
  keywords: {
    global_defs: opens(nothing, 'settings of the whole director', GLOBAL_DEFS),
    vrrp_instance: opens(name, 'one virtual router', VRRP_INSTANCE),
    virtual_server: opens(serviceHead, 'one virtual service and its real servers', VIRTUAL_SERVER),
    director: opens(nothing, 'settings that only lvs-director has', DIRECTOR),
  },
  others: TOP_WORDS,
} as const satisfies Block;
