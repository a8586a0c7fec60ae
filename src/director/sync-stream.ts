// Where the balancers of two directors meet: what follows from the configuration.
import type { Configuration, SyncPlace, SyncSetting } from '../config/model.ts';
import { type Address, endpoint } from '../core/address.ts';
import { daysLeft, expiryText, firstToExpire, isOverSoon, parseCertificates } from '../core/certificate.ts';
import type { Notice } from '../core/events.ts';

/** By what the two know each other. */
export type SyncProof =
  /** The bytes, the first to be tried first. */
  { by: 'psk'; keys: readonly Buffer[] } | SyncCertificates;
/** PEM texts; `peerName`: the name, or address, that the peer's certificate is for. */
export type SyncCertificates = {
  by: 'certificates';
  certificate: string;
  privateKey: string;
  authority: string;
  peerName: string;
};
export type SyncStreamPlan = {
  listen: { address: Address; port: number };
  peer: { address: Address; port: number };
  /** Of the two, which are link-local. */
  interface?: string;
  proof: SyncProof;
  /** Of the connections, which the peer has to know before a drill. */
  leastPercent: number;
};

/** The files have been read. */
export function planSyncStream({ director: { sync } }: Configuration): SyncStreamPlan | undefined {
  if (sync === undefined) return undefined;
  const place = ({ address, port }: SyncPlace) => ({ address: address.value, port });
  const device = sync.interface === undefined ? {} : { interface: sync.interface.value };
  const [listen, peer] = [place(sync.listen), place(sync.peer)];
  const proof = planProof(sync.proof, peer.address);
  return { listen, peer, ...device, proof, leastPercent: sync.leastPercent.value };
}

function planProof(proof: SyncSetting['proof'], peer: Address): SyncProof {
  if (proof.by === 'psk') {
    const keys = proof.keys.flatMap(({ source }) =>
      'hex' in source ? [Buffer.from(source.hex, 'hex')] : [],
    );
    return { by: 'psk', keys };
  }
  const { certificate, privateKey, authority, peerName } = proof;
  return {
    by: 'certificates',
    certificate: certificate.pem ?? '',
    privateKey: privateKey.pem ?? '',
    authority: authority.pem ?? '',
    peerName: peerName?.value ?? peer,
  };
}

/** What of it is compared at a reload and shown: `seal` hides a secret. */
export function syncStreamFacts(plan: SyncStreamPlan | undefined, seal: (secret: string) => string) {
  if (plan === undefined) return {};
  const { listen, peer, interface: device, proof, leastPercent } = plan;
  return {
    ...(device === undefined ? {} : { syncInterface: device }),
    syncListen: endpoint(listen.address, listen.port),
    syncPeer: endpoint(peer.address, peer.port),
    syncLeastPercent: leastPercent,
    ...proofFacts(proof, seal),
  };
}

function proofFacts(proof: SyncProof, seal: (secret: string) => string) {
  const sealed = (secret: string) => seal(secret).slice(0, 8);
  if (proof.by === 'psk') return { syncKeys: proof.keys.map((key) => sealed(key.toString('hex'))).join(' ') };
  const { certificate, authority, peerName, privateKey } = proof;
  return {
    syncCertificate: fingerprints(certificate),
    syncPrivateKey: sealed(privateKey),
    syncAuthority: fingerprints(authority),
    syncPeerName: peerName,
  };
}

/** As `openssl x509 -fingerprint -sha256` begins. */
function fingerprints(pem: string): string {
  const certificates = parseCertificates(pem) ?? [];
  return certificates.map(({ fingerprint256 }) => fingerprint256.slice(0, 11)).join(' ');
}

/** What there is to say when the certificate that is shown, or what it hangs by, is over soon. */
export function expiryNotice({ proof }: SyncStreamPlan, nowMs: number): Notice | undefined {
  if (proof.by === 'psk') return undefined;
  const [authorities, shown] = [proof.authority, proof.certificate].map(
    (pem) => parseCertificates(pem) ?? [],
  );
  const first = firstToExpire(authorities!, shown!);
  if (first === undefined || !isOverSoon(first, nowMs)) return undefined;
  const fields = { days: daysLeft(first, nowMs), expires: first.validToDate.toISOString() };
  return { event: 'sync.certificate', message: `sync: ${expiryText(first, nowMs)}`, fields };
}
