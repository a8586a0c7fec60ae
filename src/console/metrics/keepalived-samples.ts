// VRRP as keepalived-exporter tells of it (mehdy/keepalived-exporter), for dashboards and alerts that are
// there already: its names, labels and numbers, where it reads them in keepalived's own dumps. Pure.
import { type Address, addressBits, familyOf } from '../../core/address.ts';
import type { InstanceSettings, State, VirtualAddress } from '../../vrrp/settings.ts';
import type { InstanceDocument } from '../state.ts';
import { type Sample, sample, seconds } from './catalogue.ts';

export type ScriptStatus = { name: string; isGood: boolean; isRunning: boolean };

/** Who hands over still serves: keepalived has no such state. */
const STATE_NUMBERS: Readonly<Record<State, number>> = {
  INIT: 0,
  BACKUP: 1,
  MASTER: 2,
  LEAVING: 2,
  FAULT: 3,
};
const IDLE = 0;
const RUNNING = 1;

/** Our counters whose sum each of keepalived's is. What auth_hmac refuses it counts elsewhere. */
const SUMS = {
  keepalived_advertisements_received_total: ['advertsReceived'],
  keepalived_advertisements_sent_total: ['advertsSent', 'priorityZeroSent'],
  keepalived_become_master_total: ['becameMaster'],
  keepalived_release_master_total: ['leftMaster'],
  keepalived_packet_length_errors_total: ['dropped.too-short', 'dropped.length-mismatch'],
  keepalived_advertisements_interval_errors_total: ['dropped.interval-mismatch'],
  keepalived_ip_ttl_errors_total: ['dropped.wrong-ttl', 'dropped.ttl-out-of-range'],
  keepalived_invalid_type_received_total: ['dropped.not-advertisement'],
  keepalived_address_list_errors_total: ['addresses-differ'],
  keepalived_authentication_invalid_total: ['dropped.unknown-auth-type'],
  keepalived_authentication_mismatch_total: ['dropped.no-password', 'dropped.unexpected-password'],
  keepalived_authentication_failure_total: ['dropped.wrong-password'],
  keepalived_priority_zero_received_total: ['priorityZeroReceived'],
  keepalived_priority_zero_sent_total: ['priorityZeroSent'],
} as const;

export function keepalivedSamples(
  instances: readonly InstanceDocument[],
  settings: readonly InstanceSettings[],
  scripts: readonly ScriptStatus[],
): Sample[] {
  const named = new Map(settings.map((own) => [own.name, own]));
  return [
    sample('keepalived_up', 1, {}),
    ...instances.flatMap((instance) => {
      const own = named.get(instance.name);
      return own === undefined ? [] : instanceSamples(instance, own);
    }),
    ...scripts.flatMap(({ name, isGood, isRunning }) => [
      sample('keepalived_script_status', Number(isGood), { name }),
      sample('keepalived_script_state', isRunning ? RUNNING : IDLE, { name }),
    ]),
  ];
}

function instanceSamples({ state, counters }: InstanceDocument, own: InstanceSettings): Sample[] {
  const labels = { iname: own.name, intf: own.interface, vrid: String(own.vrid) };
  const number = STATE_NUMBERS[state];
  const placed = ({ address, prefixLength, interface: intf }: VirtualAddress) => ({
    ...labels,
    intf,
    ip_address: addressText(address, prefixLength),
  });
  return [
    ...own.vips.map((vip) => sample('keepalived_vrrp_state', number, placed(vip))),
    ...(own.vips.length > 0 ? [] : [sample('keepalived_vrrp_state', number, { ...labels, ip_address: '' })]),
    ...own.excludedVips.map((vip) => sample('keepalived_vrrp_excluded_state', number, placed(vip))),
    sample('keepalived_gratuitous_arp_delay_total', seconds(own.garp.delayMs), labels),
    ...(Object.keys(SUMS) as (keyof typeof SUMS)[]).map((name) => {
      const sum = SUMS[name].reduce((total, what) => total + (counters[what] ?? 0), 0);
      return sample(name, sum, labels);
    }),
  ];
}

/** As keepalived writes it: a prefix only where there is more than the address. */
function addressText(address: Address, prefixLength: number): string {
  return prefixLength === addressBits(familyOf(address)) ? address : `${address}/${prefixLength}`;
}
