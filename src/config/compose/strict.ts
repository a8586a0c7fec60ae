// `vrrp_strict` and `strict_mode`: what they rule out of an instance, as in keepalived, each said with its
// place. Without --compat it is an error: what was asked for is the whole of the RFC, and not this.
import type { Family } from '../../core/address.ts';
import type { Located, Span } from '../../core/diagnostic.ts';
import type { GlobalDefs, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { last, type Settings } from '../settings.ts';

type Instance = Settings<typeof VRRP_INSTANCE>;
type State = VrrpInstance['initialState'];

const OWNER = 255;
const RFC_DOWN_ADVERTS = 3;

/** Where strict mode is asked for; undefined = it is not. */
export function strictPlace(settings: Instance, global: GlobalDefs): Span | undefined {
  const strict = last(settings, 'strict_mode') ?? global.strict;
  return strict.value ? strict.at : undefined;
}

/** RFC 3768 is for IPv4. */
export function strictVersion(
  version: Located<2 | 3> | undefined,
  family: Family,
  report: Report,
): Located<2 | 3> | undefined {
  if (family === 4 || version?.value !== 2) return version;
  report.add('CFG_STRICT', version.at, 'there is no version 2 over IPv6: version 3 is used');
  return { value: 3, at: version.at };
}

/** Only the owner is MASTER from the start, RFC 9568 section 6.4.1. */
export function strictState(state: State, priority: Located<number>, report: Report): State {
  const value = priority.value === OWNER ? 'MASTER' : 'BACKUP';
  if (state.value === value) return state;
  const message = `state ${state.value} does not go with priority ${priority.value}: ${value} is used`;
  report.add('CFG_STRICT', state.at, message, 'in strict mode MASTER is for the address owner, priority 255');
  return { value, at: state.at };
}

/** `at`: of the word that asks for it. */
export function strictly(
  instance: VrrpInstance,
  settings: Instance,
  at: Span,
  version: 2 | 3,
  report: Report,
): VrrpInstance {
  reportUnicast(instance, report);
  reportFirst(instance, report);
  const complain = (place: Span | undefined, message: string, hint?: string) => {
    if (place !== undefined) report.add('CFG_STRICT', place, message, hint);
  };
  const { hmac, preemptDelayMs } = instance;
  const isLax = hmac !== undefined && hmac.mode.value !== 'enforce';
  if (isLax) complain(hmac.mode.at, 'strict mode needs `mode enforce`: it is used');
  if (preemptDelayMs.value > 0) complain(preemptDelayMs.at, 'strict mode has no preempt_delay: left out');
  const adverts = instance.downTimerAdverts;
  if (adverts !== undefined && adverts.value !== RFC_DOWN_ADVERTS)
    complain(adverts.at, `strict mode waits for ${RFC_DOWN_ADVERTS} adverts: down_timer_adverts is left out`);
  return {
    ...instance,
    ...(isLax ? { hmac: { ...hmac, mode: { value: 'enforce', at } } } : {}),
    preemptDelayMs: { value: 0, at: preemptDelayMs.at },
    downTimerAdverts: { value: RFC_DOWN_ADVERTS, at },
    ...strictAnswers(instance, at, complain),
    ...strictAcceptance(instance, settings, at, version, report),
    ...strictVirtualMac(instance, settings, complain),
  };
}

/** Live, 2.2.7 goes on; later versions refuse. */
function reportUnicast({ unicastPeers }: VrrpInstance, report: Report): void {
  const [first] = unicastPeers;
  if (first === undefined) return;
  const message = 'the RFC has no unicast: keepalived 2.4 ends with such a file, 2.2 goes on';
  report.add('CFG_STRICT_PEER', first.at, message, 'leave strict mode out');
}

/** RFC 9568 section 5.2.9. */
function reportFirst({ virtualAddresses, unicastPeers }: VrrpInstance, report: Report): void {
  const [first] = virtualAddresses;
  if (first === undefined || unicastPeers.length > 0) return;
  const { address } = first.prefix.value;
  if (!address.includes(':') || address.startsWith('fe80:')) return;
  const message = `strict mode wants a link-local address first, not ${address}`;
  report.add('CFG_STRICT', first.prefix.at, message, 'as in `fe80::50/64`');
}

type Complain = (place: Span | undefined, message: string, hint?: string) => void;
type Answers = Pick<
  VrrpInstance,
  'lowerPriorityNoAdvert' | 'higherPriorityAdvert' | 'ownerIgnoresAdverts' | 'garp'
>;

/** A MASTER says nothing that the RFC does not make it say, and an owner hears nothing. */
function strictAnswers(instance: VrrpInstance, at: Span, complain: Complain): Answers {
  const { lowerPriorityNoAdvert: silent, higherPriorityAdvert: lastWord, garp, priority } = instance;
  const deaf = instance.ownerIgnoresAdverts;
  if (silent?.value === false) complain(silent.at, 'strict mode answers no advert of lower priority');
  if (lastWord?.value === true) complain(lastWord.at, 'strict mode answers no advert of higher priority');
  const isOwner = priority.value === OWNER;
  if (isOwner && deaf?.value === false) complain(deaf.at, 'in strict mode an address owner hears no advert');
  for (const given of [garp.lowerPriorityRepeat, garp.lowerPriorityDelayMs])
    if (given !== undefined && given.value > 0)
      complain(given.at, 'strict mode announces nothing after an advert of lower priority: left out');
  return {
    lowerPriorityNoAdvert: { value: true, at },
    higherPriorityAdvert: { value: false, at },
    ...(isOwner ? { ownerIgnoresAdverts: { value: true, at } } : {}),
    garp: { ...garp, lowerPriorityRepeat: { value: 0, at }, lowerPriorityDelayMs: { value: 0, at } },
  };
}

/** RFC 9568 section 6.1: Accept_Mode is off. The classic trap: the addresses do not answer a ping. */
function strictAcceptance(
  { priority, refusesPackets, name }: VrrpInstance,
  settings: Instance,
  at: Span,
  version: 2 | 3,
  report: Report,
): Pick<VrrpInstance, 'refusesPackets'> {
  const accept = last(settings, 'accept');
  if (priority.value === OWNER || refusesPackets !== undefined) return {};
  if (accept !== undefined && version === 3) return {};
  if (accept !== undefined)
    report.add('CFG_STRICT', accept.at, 'strict mode of version 2 takes in no packets: accept is left out');
  else {
    const message = `strict mode takes in no packets to the addresses of ${name.value}: not even a ping`;
    const hint = version === 3 ? 'write `accept`, or leave strict mode out' : 'leave strict mode out';
    report.add('CFG_STRICT_ACCEPT', at, message, hint);
  }
  return { refusesPackets: { value: true, at } };
}

function strictVirtualMac(
  { vmac, unicastPeers }: VrrpInstance,
  settings: Instance,
  complain: Complain,
): Pick<VrrpInstance, 'vmac'> {
  if (vmac === undefined) return {};
  const { mac, ...rest } = vmac;
  if (mac !== undefined) complain(vmac.at, 'strict mode has no other MAC than that of the virtual router');
  const onBase = last(settings, 'vmac_xmit_base');
  complain(onBase?.at, 'strict mode sends adverts with the virtual MAC: vmac_xmit_base is left out');
  return { vmac: { ...rest, sendsOnBase: unicastPeers.length > 0 } };
}
