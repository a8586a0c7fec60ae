// Settings of a `vrrp_instance` → its typed form. Where settings of one instance contradict each other, the
// effective value is keepalived 2.2.7's (its vrrp.c, vrrp_complete_instance), and it is said.
import { type Family, familyOf } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import { familyOfInstance } from '../family.ts';
import type { GlobalDefs, VirtualAddress, VrrpInstance } from '../model.ts';
import type { Names } from '../names.ts';
import type { Report } from '../report.ts';
import type { SYNC_GROUP } from '../schema/sync-group.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { all, last, mentioned, type Setting, type Settings, settled } from '../settings.ts';
import { composeAddress } from './addresses.ts';
import { composeHmac } from './auth-hmac.ts';
import { composePassword } from './authentication.ts';
import { composeGarp } from './garp.ts';
import { composeIpvlan } from './ipvlan.ts';
import { composeNotify } from './notify.ts';
import { isAfter } from './order.ts';
import { composeOverrides } from './overrides.ts';
import { composeRoute } from './routes.ts';
import type { EntryContext } from './routing-words.ts';
import { composeRule } from './rules.ts';
import { composeLateness } from './running.ts';
import { strictly, strictPlace, strictState, strictVersion } from './strict.ts';
import { composeTracks } from './trackers.ts';
import { composeEnds } from './unicast.ts';
import { composeVirtualMac } from './virtual-mac.ts';
import { checkVrf, interfaceOf } from './vrf.ts';

const OWNER = 255;
const USUAL_PRIORITY = 100;

type Instance = Settings<typeof VRRP_INSTANCE>;

/** Undefined when something is missing without which there is no instance. */
export function composeInstance(
  name: Located<string>,
  settings: Instance,
  { global, names }: { global: GlobalDefs; names: Names },
  report: Report,
): VrrpInstance | undefined {
  const device = interfaceOf(settings, report);
  const virtualRouterId = neededId(settings, report);
  if (device === undefined || virtualRouterId === undefined) return undefined;
  const ends = composeEnds(settings, report);
  const { sourceAddress, unicastPeers } = ends;
  const addresses = composeAddresses(settings, 'virtual_ipaddress');
  const family = familyOfInstance({ virtualAddresses: addresses, sourceAddress, unicastPeers });
  const strict = strictPlace(settings, global);
  const said = versionFor(settings, family, report);
  const version = strict === undefined ? said : strictVersion(said, family, report);
  const effective = version?.value ?? global.vrrpVersion.value;
  const advertIntervalMs = advertInterval(settings, effective, report);
  const hmac = composeHmac(all(settings, 'auth_hmac'), advertIntervalMs.value, report);
  const isSigned = mentioned(settings, 'auth_hmac');
  const traits = { version: effective, isSigned, isStrict: strict !== undefined };
  const password = composePassword(all(settings, 'authentication'), traits, report);
  const vmac = composeVirtualMac(settings, { unicastPeers, virtualRouterId }, { names, report });
  const [state, priority] = stateAndPriority(settings, report);
  const initialState = strict === undefined ? state : strictState(state, priority, report);
  const preempting = preemption(settings, initialState.value, priority.value, report);
  const instance: VrrpInstance = {
    at: settings.at,
    name,
    initialState,
    interface: device,
    virtualRouterId,
    priority,
    ...(version === undefined ? {} : { version }),
    ...(password === undefined ? {} : { password }),
    ...(hmac === undefined ? {} : { hmac }),
    advertIntervalMs,
    ...preempting,
    ...received(settings),
    ...composeLateness(settings, preempting.nopreempt, report),
    ...trackedInterfaces(settings, priority.value, report),
    tracks: composeTracks(settings, report),
    dontTrackPrimary: last(settings, 'dont_track_primary') !== undefined,
    pollsLink: last(settings, 'linkbeat_use_polling') !== undefined,
    virtualAddresses: sameFamily(addresses, family, report),
    virtualAddressesExcluded: composeAddresses(settings, 'virtual_ipaddress_excluded'),
    ...ends,
    ...besideAddresses(settings, { names, report }),
    ...composeOverrides(settings, family, unicastPeers, report),
    ...(vmac === undefined ? {} : { vmac }),
    ...composeIpvlan(settings, family, { names, report }),
    virtualMacsElsewhere: last(settings, 'use_vmac_addr') !== undefined,
    ...refusal(settings),
    garp: composeGarp(settings),
    notify: composeNotify(settings),
  };
  checkVrf(settings, instance, report);
  reportEmpty(instance, settings, strict === undefined ? effective : 'strict', report);
  return strict === undefined ? instance : strictly(instance, settings, strict, effective, report);
}

function neededId(settings: Instance, report: Report): Located<number> | undefined {
  const value = last(settings, 'virtual_router_id');
  // As of an interface: vrf.ts.
  if (value === undefined && (report.compat || !mentioned(settings, 'virtual_router_id')))
    report.add('CFG_INCOMPLETE', settings.at, 'this vrrp_instance has no virtual_router_id');
  return value;
}

type BesideAddresses = Pick<VrrpInstance, 'routes' | 'rules' | 'promoteSecondaries'>;

function besideAddresses(settings: Instance, context: EntryContext): BesideAddresses {
  const routes = all(settings, 'virtual_routes').flatMap(({ body }) => body.entries);
  const rules = all(settings, 'virtual_rules').flatMap(({ body }) => body.entries);
  return {
    routes: routes.flatMap((entry) => composeRoute(entry, context) ?? []),
    rules: rules.flatMap((entry) => composeRule(entry, context) ?? []),
    promoteSecondaries: last(settings, 'promote_secondaries') !== undefined,
  };
}

function received(settings: Instance): Pick<VrrpInstance, 'receiveBytes'> {
  const bytes = last(settings, 'kernel_rx_buf_size');
  return bytes === undefined ? {} : { receiveBytes: bytes };
}

/** Of `accept` and `no_accept` the last one counts. */
function refusal(settings: Instance): Pick<VrrpInstance, 'refusesPackets'> {
  const [asked, again] = [last(settings, 'no_accept'), last(settings, 'accept')];
  if (asked === undefined || (again !== undefined && isAfter(again.at, asked.at))) return {};
  return { refusesPackets: asked };
}

function composeAddresses(
  settings: Instance,
  keyword: 'virtual_ipaddress' | 'virtual_ipaddress_excluded',
): VirtualAddress[] {
  return all(settings, keyword).flatMap(
    (block: Setting<(typeof VRRP_INSTANCE)['keywords'][typeof keyword]>) =>
      block.body.entries.map(composeAddress),
  );
}

/** One advert has one count of addresses of one size: RFC 9568 section 5.2.9. */
function sameFamily(addresses: VirtualAddress[], family: Family, report: Report): VirtualAddress[] {
  return addresses.filter(({ prefix }) => {
    if (familyOf(prefix.value.address) === family) return true;
    report.add(
      'CFG_CONTRADICTION',
      prefix.at,
      `the instance's first address is IPv${family}, and ${prefix.value.address} is not`,
      'one advert carries one family: put the other into virtual_ipaddress_excluded',
    );
    return false;
  });
}

/** Version 2 has no IPv6, so an instance that names none gets 3. */
function versionFor(settings: Instance, family: Family, report: Report): Located<2 | 3> | undefined {
  const version = firstVersion(settings, report);
  return version === undefined && family === 6 ? { value: 3, at: settings.at } : version;
}

/** Of other settings the last one counts; keepalived does not change its mind about these two. */
function firstVersion(settings: Instance, report: Report): Located<2 | 3> | undefined {
  const [first, ...others] = all(settings, 'version');
  for (const { value, at } of others)
    if (value !== first!.value)
      report.add('CFG_CONTRADICTION', at, `version ${first!.value} is said before: this is left out`);
  return first;
}

function lastState(settings: Instance, report: Report): Located<'MASTER' | 'BACKUP'> | undefined {
  const given = all(settings, 'state');
  const master = given.find(({ value }) => value === 'MASTER');
  const state = given.at(-1);
  if (master === undefined || state?.value !== 'BACKUP') return state;
  report.add('CFG_CONTRADICTION', state.at, 'state MASTER is said before: this is left out');
  return master;
}

/** Each follows from the other when only one is given. */
function stateAndPriority(
  settings: Instance,
  report: Report,
): [Located<'MASTER' | 'BACKUP'>, Located<number>] {
  const state = lastState(settings, report);
  const priority = last(settings, 'priority') ?? {
    value: state?.value === 'MASTER' ? OWNER : USUAL_PRIORITY,
    at: settings.at,
  };
  if (state?.value === 'MASTER' && priority.at === settings.at)
    report.add(
      'CFG_DEFAULT',
      state.at,
      'state MASTER without a priority means priority 255, the address owner',
      'keepalived does the same; give a priority from 1 to 254',
    );
  const owner = priority.value === OWNER;
  return [state ?? { value: owner ? 'MASTER' : 'BACKUP', at: settings.at }, priority];
}

/**
 * RFC 9568 section 5.2.7: 12 bits of hundredths of a second. Version 2 has 8 bits of whole seconds: RFC 3768
 * section 5.3.7. keepalived rounds; a peer that is not keepalived would see another interval than the file
 * says.
 */
function advertInterval(settings: Instance, version: 2 | 3, report: Report): Located<number> {
  const { value, at } = settled(settings, 'advert_int');
  const step = version === 2 ? 1000 : 10;
  const most = version === 2 ? 255_000 : 40_950;
  const hint =
    version === 2 ? 'parts of a second need `version 3`, or `vrrp_version 3` in global_defs' : undefined;
  if (value > most) {
    report.add('CFG_RANGE', at, `advert_int must be at most ${most / 1000} s in version ${version}`, hint);
    return { value: most, at };
  }
  if (value % step === 0) return { value, at };
  const unit = version === 2 ? 'whole seconds' : 'hundredths of a second';
  report.add('CFG_CONTRADICTION', at, `advert_int of version ${version} counts ${unit}`, hint);
  return { value: Math.max(step, Math.round(value / step) * step), at };
}

type Preemption = Pick<VrrpInstance, 'nopreempt' | 'preemptDelayMs'>;

/** A MASTER from the start has nobody to preempt, so neither word can mean anything for it. */
function preemption(
  settings: Instance,
  state: 'MASTER' | 'BACKUP',
  priority: number,
  report: Report,
): Preemption {
  const asked = last(settings, 'nopreempt');
  const again = last(settings, 'preempt');
  const delay = settled(settings, 'preempt_delay');
  const none = { value: false, at: settings.at };
  const contradiction = (at: Span, message: string, hint?: string) =>
    report.add('CFG_CONTRADICTION', at, message, hint);
  const wanted = asked !== undefined && (again === undefined || isAfter(asked.at, again.at));
  let nopreempt: Located<boolean> = wanted ? { value: true, at: asked.at } : none;
  if (wanted && priority === OWNER) {
    contradiction(asked.at, 'an address owner (priority 255) always preempts: nopreempt is left out');
    nopreempt = none;
  } else if (wanted && state === 'MASTER') {
    contradiction(
      asked.at,
      'nopreempt does not work with state MASTER: it is left out',
      'set `state BACKUP`',
    );
    nopreempt = none;
  }
  if (delay.value > 0 && (state === 'MASTER' || nopreempt.value)) {
    const what = state === 'MASTER' ? 'state MASTER' : 'nopreempt';
    contradiction(delay.at, `preempt_delay does not work with ${what}: it is left out`);
    return { nopreempt, preemptDelayMs: { value: 0, at: delay.at } };
  }
  return { nopreempt, preemptDelayMs: delay };
}

type TrackingBlock = Instance | Settings<typeof SYNC_GROUP>;
type Tracked = Pick<VrrpInstance, 'trackInterfaces' | 'weightedInterfaces'>;

/** Weight 0 is none: FAULT while it is down. */
export function trackedInterfaces(settings: TrackingBlock, priority: number, report: Report): Tracked {
  const known = new Set<string>();
  const tracked: Tracked = { trackInterfaces: [], weightedInterfaces: [] };
  for (const { body } of all(settings as Instance, 'track_interface'))
    for (const { value } of body.entries) {
      const { interface: device, weight, reverse } = value;
      const isWeighted = weight !== undefined && weight.value !== 0;
      if (known.has(device.value))
        report.add('CFG_DUPLICATE', device.at, `${device.value} is tracked already: this line is left out`);
      else if (isWeighted && priority === OWNER)
        report.add('CFG_REDUNDANT', weight.at, 'the priority of an address owner (255) does not change');
      else if (isWeighted) tracked.weightedInterfaces.push({ interface: device, weight, reverse });
      else if (reverse)
        report.add('CFG_UNSUPPORTED', device.at, 'FAULT while an interface is up is not supported: left out');
      else tracked.trackInterfaces.push(device);
      known.add(device.value);
    }
  return tracked;
}

/** An advert of version 3 without an address is dropped by every receiver; version 2 lets it pass. */
function reportEmpty(
  { name, at, virtualAddresses }: VrrpInstance,
  settings: Instance,
  version: 2 | 3 | 'strict',
  report: Report,
): void {
  const none = last(settings, 'no_virtual_ipaddress');
  if (none !== undefined && version === 'strict')
    report.add(
      'CFG_STRICT',
      none.at,
      'strict mode needs a virtual address: no_virtual_ipaddress is left out',
    );
  else if (none !== undefined) return;
  const wrong = all(settings, 'virtual_ipaddress').some(({ body }) => body.wrong.length > 0);
  if (virtualAddresses.length > 0 || (wrong && !report.compat)) return;
  const message = `${name.value} has no virtual address`;
  const needs = version === 'strict' ? 'strict mode' : 'version 3';
  if (version !== 2) report.add('CFG_INCOMPLETE', at, message, `${needs} needs at least one`);
  else report.add('CFG_EMPTY', at, message, 'add a virtual_ipaddress block');
}
