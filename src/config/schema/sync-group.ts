// The block `vrrp_sync_group NAME { … }`: instances that change state together.
import { type Block, keyword, list, opens } from './block.ts';
import { GROUP_NOTIFY_WORDS } from './notify.ts';
import { nameOf, nothing } from './shape.ts';
import { TRACK_INTERFACE, TRACKS } from './tracks.ts';

export const SYNC_GROUP = {
  name: 'vrrp_sync_group',
  keywords: {
    group: opens(
      nothing,
      'its instances, in no more than one group each',
      list('group', nameOf('vrrp_instance')),
    ),
    track_interface: opens(nothing, 'interfaces that every member tracks', TRACK_INTERFACE),
    track_file: opens(nothing, 'files that every member watches', TRACKS.track_file),
    track_script: opens(nothing, 'scripts that every member watches', TRACKS.track_script),
    track_bfd: opens(nothing, 'BFD sessions that every member watches', TRACKS.track_bfd),
    track_process: opens(nothing, 'processes that every member watches', TRACKS.track_process),
    sync_group_tracking_weight: keyword(
      nothing,
      "let members' own trackers change their priority; without it those with a weight are left out",
    ),
    ...GROUP_NOTIFY_WORDS,
    global_tracking: keyword(nothing, 'old, without effect'),
  },
} as const satisfies Block;
