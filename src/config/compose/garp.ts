// Words about gratuitous ARPs and neighbour advertisements → their part of the typed configuration.
import type { Located } from '../../core/diagnostic.ts';
import type { GarpDefaults, GarpGroup } from '../model-links.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { TOP } from '../schema/top.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { all, last, mentioned, type Settings, settled } from '../settings.ts';

/** `vrrp_min_garp` changes the defaults, not what is said: keepalived.conf(5). */
export function composeGlobalGarp(settings: Settings<typeof GLOBAL_DEFS>): GarpDefaults {
  const minimal = last(settings, 'vrrp_min_garp');
  const lowerDelay = last(settings, 'vrrp_garp_lower_prio_delay');
  const lowerRepeat = last(settings, 'vrrp_garp_lower_prio_repeat');
  const extra = last(settings, 'vrrp_garp_extra_if') ?? last(settings, 'vrrp_vmac_garp_intvl');
  const garp: GarpDefaults = {
    masterDelayMs: settled(settings, 'vrrp_garp_master_delay'),
    masterRepeat: settled(settings, 'vrrp_garp_master_repeat'),
    masterRefreshMs: settled(settings, 'vrrp_garp_master_refresh'),
    masterRefreshRepeat: settled(settings, 'vrrp_garp_master_refresh_repeat'),
    ...(lowerDelay === undefined ? {} : { lowerPriorityDelayMs: lowerDelay }),
    ...(lowerRepeat === undefined ? {} : { lowerPriorityRepeat: lowerRepeat }),
    ...(extra === undefined ? {} : { extraInterfaces: extra }),
  };
  if (minimal?.value !== true) return garp;
  if (last(settings, 'vrrp_garp_master_delay') === undefined)
    garp.masterDelayMs = { value: 0, at: minimal.at };
  if (last(settings, 'vrrp_garp_master_repeat') === undefined)
    garp.masterRepeat = { value: 1, at: minimal.at };
  if (last(settings, 'vrrp_garp_master_refresh') === undefined)
    garp.masterRefreshMs = { value: 0, at: minimal.at };
  return garp;
}

export function composeGarp(settings: Settings<typeof VRRP_INSTANCE>): Partial<GarpDefaults> {
  const delay = last(settings, 'garp_master_delay');
  const repeat = last(settings, 'garp_master_repeat');
  const refresh = last(settings, 'garp_master_refresh');
  const refreshRepeat = last(settings, 'garp_master_refresh_repeat');
  const lowerDelay = last(settings, 'garp_lower_prio_delay');
  const lowerRepeat = last(settings, 'garp_lower_prio_repeat');
  const extra = last(settings, 'garp_extra_if') ?? last(settings, 'vmac_garp_intvl');
  return {
    ...(delay === undefined ? {} : { masterDelayMs: delay }),
    ...(repeat === undefined ? {} : { masterRepeat: repeat }),
    ...(refresh === undefined ? {} : { masterRefreshMs: refresh }),
    ...(refreshRepeat === undefined ? {} : { masterRefreshRepeat: refreshRepeat }),
    ...(lowerDelay === undefined ? {} : { lowerPriorityDelayMs: lowerDelay }),
    ...(lowerRepeat === undefined ? {} : { lowerPriorityRepeat: lowerRepeat }),
    ...(extra === undefined ? {} : { extraInterfaces: extra }),
  };
}

/** As in keepalived, an interface keeps to the first group that names it. */
export function composeGarpGroups(settings: Settings<typeof TOP>, report: Report): GarpGroup[] {
  const first = new Map<string, Located<string>>();
  const groups: GarpGroup[] = [];
  for (const { body, at } of all(settings, 'garp_group')) {
    const garpMs = last(body, 'garp_interval');
    const gnaMs = last(body, 'gna_interval');
    const isWrong = (['garp_interval', 'gna_interval', 'interface', 'interfaces'] as const).some(
      (word) => mentioned(body, word) && last(body, word) === undefined,
    );
    const named = [
      ...all(body, 'interface'),
      ...all(body, 'interfaces').flatMap((list) => list.body.entries),
    ];
    const interfaces = named.filter((device) => {
      const other = first.get(device.value);
      first.set(device.value, other ?? device);
      if (other === undefined) return true;
      const message = `${device.value} is in a garp_group already: it is left out here`;
      report.add('CFG_DUPLICATE', device.at, message, undefined, [{ at: other.at, message: 'first here' }]);
      return false;
    });
    if (named.length === 0 && !isWrong)
      report.add('CFG_EMPTY', at, 'this garp_group has no interface', 'add interface or interfaces');
    if (garpMs === undefined && gnaMs === undefined && !isWrong)
      report.add('CFG_EMPTY', at, 'this garp_group has no pause', 'add garp_interval or gna_interval');
    groups.push({
      interfaces,
      ...(garpMs === undefined ? {} : { garpMs }),
      ...(gnaMs === undefined ? {} : { gnaMs }),
    });
  }
  return groups;
}
