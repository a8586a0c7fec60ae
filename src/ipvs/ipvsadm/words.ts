// Words that ipvsadm has for parts of a service, in a listing as in a rule.
import ipaddr from 'ipaddr.js';
import { familyOfService, type ServiceHead } from '../model.ts';

/** IP_VS_SVC_F_SCHED1, 2 and 3, which two schedulers have names of their own for. */
const BITS = [0x08, 0x10, 0x20] as const;
const NAMES: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
};
const NAMELESS = ['flag-1', 'flag-2', 'flag-3'];

/** `sh-fallback,sh-port`; empty = none. */
export function schedulerFlags({ scheduler, schedulerFlags }: ServiceHead): string {
  const names = NAMES[scheduler] ?? NAMELESS;
  return names.filter((_, index) => (schedulerFlags & BITS[index]!) !== 0).join(',');
}

/** By what clients of a persistent service are grouped; nothing when each is on its own. */
export function mask(service: ServiceHead): string[] {
  const { persistencePrefix: length } = service;
  if (familyOfService(service) === 6) return length === 128 ? [] : [String(length)];
  return length === 32 ? [] : [ipaddr.IPv4.subnetMaskFromPrefixLength(length).toString()];
}
