// Where adverts leave from, to whom, and whose count: the source address and the words around `unicast_peer`.
import type { Address } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { UnicastPeer, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { PeerEntry } from '../schema/addresses.ts';
import type { VRRP_INSTANCE } from '../schema/vrrp.ts';
import { all, last, type Settings } from '../settings.ts';
import { given } from './given.ts';
import { ipvlanSource } from './ipvlan.ts';
import { isAfter } from './order.ts';

type Instance = Settings<typeof VRRP_INSTANCE>;
type Ends = Pick<
  VrrpInstance,
  | 'sourceAddress'
  | 'tracksSource'
  | 'unicastPeers'
  | 'unicastTtl'
  | 'oldChecksum'
  | 'checksUnicastSource'
  | 'lacksPeers'
>;

const WORDS = {
  unicastTtl: 'unicast_ttl',
  oldChecksum: 'old_unicast_checksum',
  checksUnicastSource: 'check_unicast_src',
} as const;

export function composeEnds(settings: Instance, report: Report): Ends {
  const source = sourceOf(settings);
  const tracks = last(settings, 'track_src_ip');
  if (tracks !== undefined && source === undefined)
    report.add(
      'CFG_REDUNDANT',
      tracks.at,
      'track_src_ip without a source address: it is left out',
      'give mcast_src_ip or unicast_src_ip',
    );
  const unicastPeers = all(settings, 'unicast_peer').flatMap(({ body }) => body.entries.map(composePeer));
  const fault = last(settings, 'unicast_fault_no_peer');
  if (unicastPeers.length === 0) reportNoPeer(settings, report);
  const ttl = last(settings, 'unicast_ttl');
  if (unicastPeers.length === 0 && ttl !== undefined)
    report.add('CFG_REDUNDANT', ttl.at, 'unicast_ttl without a unicast_peer changes nothing');
  return {
    ...(source === undefined ? {} : { sourceAddress: source }),
    ...(tracks === undefined || source === undefined ? {} : { tracksSource: tracks }),
    unicastPeers,
    ...given(settings, WORDS),
    ...(fault === undefined || unicastPeers.length > 0 ? {} : { lacksPeers: fault }),
  };
}

function composePeer({ value, at }: Located<PeerEntry>): UnicastPeer {
  const { address, min_ttl: minTtl, max_ttl: maxTtl } = value;
  return {
    value: address,
    at,
    ...(minTtl === undefined ? {} : { minTtl }),
    ...(maxTtl === undefined ? {} : { maxTtl }),
  };
}

/** Two names of one setting: whichever comes last counts. An ipvlan interface has one of its own. */
function sourceOf(settings: Instance): Located<Address> | undefined {
  const [unicast, multicast] = [last(settings, 'unicast_src_ip'), last(settings, 'mcast_src_ip')];
  if (unicast === undefined || multicast === undefined) return unicast ?? multicast ?? ipvlanSource(settings);
  return isAfter(unicast.at, multicast.at) ? unicast : multicast;
}

/** keepalived speaks multicast then, and says that it will not for ever. */
function reportNoPeer(settings: Instance, report: Report): void {
  const peers = all(settings, 'unicast_peer');
  if (peers.some(({ body }) => body.wrong.length > 0)) return;
  const fault = last(settings, 'unicast_fault_no_peer');
  if (fault !== undefined) {
    const message = 'there is no unicast_peer: the instance stays in FAULT';
    report.add('CFG_EMPTY', fault.at, message, 'name the other director');
    return;
  }
  const unicast =
    peers[0]?.body ??
    last(settings, 'unicast_src_ip') ??
    last(settings, 'check_unicast_src') ??
    last(settings, 'old_unicast_checksum');
  if (unicast === undefined) return;
  const message = 'there is no unicast_peer: adverts go to the multicast group';
  report.add('CFG_DEPRECATED', unicast.at, message, 'name the other director, or write mcast_src_ip');
}
