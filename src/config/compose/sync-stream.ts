// The block `sync` of director → where the balancers of two directors meet.

import { type Address, familyOf, isLinkLocal } from '../../core/address.ts';
import type { SyncPlace, SyncSetting } from '../model.ts';
import type { Report } from '../report.ts';
import type { DIRECTOR } from '../schema/director.ts';
import type { Endpoint } from '../schema/endpoints.ts';
import { type SYNC, SYNC_STREAM_PORT } from '../schema/sync.ts';
import { all, last, type Settings, settled } from '../settings.ts';
import { composeProof, hasProof } from './sync-proof.ts';

/** Undefined: there is none, or it is not whole, which is reported. */
export function composeSyncStream(
  settings: Settings<typeof DIRECTOR>,
  report: Report,
): SyncSetting | undefined {
  const block = all(settings, 'sync').at(-1);
  if (block === undefined) return undefined;
  const { at } = block;
  const body: Settings<typeof SYNC> = block.body;
  const [listen, peer, proof] = [last(body, 'listen'), last(body, 'peer'), composeProof(body, report)];
  const missing = [
    ...(listen === undefined ? ['listen'] : []),
    ...(peer === undefined ? ['peer'] : []),
    ...(hasProof(body) ? [] : ['psk']),
  ];
  if (listen === undefined || peer === undefined || proof === undefined) {
    // What is wrong with a word that is there has been said.
    if (body.wrong.length === 0 && missing.length > 0)
      report.add('CFG_INCOMPLETE', at, `sync without ${missing.join(' and ')}`, HINT);
    return undefined;
  }
  const own = placeOf(listen.value, report);
  const other = placeOf(peer.value, report);
  if (own === undefined || other === undefined) return undefined;
  const mismatch = mismatchOf(own.address.value, other.address.value);
  if (mismatch !== undefined) {
    report.add('CFG_CONTRADICTION', other.address.at, mismatch, undefined, [
      { at: own.address.at, message: 'listen is here' },
    ]);
    return undefined;
  }
  if (own.address.value === other.address.value) {
    report.add('CFG_CONTRADICTION', other.address.at, 'the peer is this director itself', HINT);
    return undefined;
  }
  // The same addresses may be on every link: only with its name is a link-local one a place.
  const isLocal = isLinkLocal(own.address.value);
  const device = last(body, 'interface');
  if (isLocal && device === undefined) {
    const hint = 'as in `interface eth1`: the one that leads to the other director';
    report.add('CFG_INCOMPLETE', own.address.at, 'a link-local address without interface', hint);
    return undefined;
  }
  if (!isLocal && device !== undefined)
    report.add('CFG_REDUNDANT', device.at, 'interface is of link-local addresses, and these are not');
  return {
    at,
    listen: own,
    peer: other,
    ...(isLocal ? { interface: device! } : {}),
    proof,
    preemptWaitMs: settled(body, 'preempt_wait'),
    leastPercent: settled(body, 'min_coverage'),
  };
}

const HINT =
  'listen is an address of this director, peer one of the other; psk is one file on both, ' +
  'certificate, private_key and authority do instead of it';

/** Why two addresses cannot be the ends of one connection. */
function mismatchOf(own: Address, other: Address): string | undefined {
  if (familyOf(own) !== familyOf(other)) return 'peer and listen are addresses of two families';
  if (isLinkLocal(own) !== isLinkLocal(other))
    return 'of peer and listen one is link-local, the other is not';
  return undefined;
}

function placeOf({ address, port }: Endpoint, report: Report): SyncPlace | undefined {
  if (port?.value !== 0) return { address, port: port?.value ?? SYNC_STREAM_PORT };
  report.add('CFG_RANGE', port.at, 'the port is 1 to 65535', `without one it is ${SYNC_STREAM_PORT}`);
  return undefined;
}
