// By what the balancers of two directors know each other: keys on both, one of them in common, or
// certificates on both, each of which the other one accepts.
import { chainTo, isFor, namesOf, parseCertificates } from '../../core/certificate.ts';
import type { Span } from '../../core/diagnostic.ts';
import type { SyncCertificatesSetting, SyncProofSetting, SyncSetting } from '../model.ts';
import { isSameKey } from './pair-keys.ts';
import type { PairReport } from './pair-report.ts';

export function compareProofs(a: SyncSetting, b: SyncSetting, pair: PairReport): void {
  const [one, other] = [a.proof, b.proof];
  if (one.by === 'certificates' && other.by === 'certificates') {
    // Of two files of one path only one is on this machine.
    if (one.certificate.file === other.certificate.file) return;
    const places = [nameOf(a), nameOf(b)] as const;
    compareCertificates(one, other, places, pair);
  } else if (one.by === 'psk' && other.by === 'psk') {
    if (one.keys.some((key) => other.keys.some((there) => isSameKey(key, there)))) return;
    const hint = 'copy the key file of one director to the other';
    pair.add('CFG_PAIR_SYNC', [headOf(one), headOf(other)], 'no key in common', 'the key there', hint);
  } else {
    const [here, there] = other.by === 'psk' ? ['psk', 'certificates'] : ['certificates', 'psk'];
    const message = `${here} here, and ${there} on the other director: neither knows the other`;
    pair.add('CFG_PAIR_SYNC', [headOf(one), headOf(other)], message, `${there} on the other director`);
  }
}

function headOf(proof: SyncProofSetting): Span {
  return proof.by === 'psk' ? proof.keys[0]!.at : proof.certificate.at;
}

/** Whom the other one's certificate has to be for, and where that is said. */
function nameOf({ peer, proof }: SyncSetting): { name: string; at: Span } {
  const given = proof.by === 'certificates' ? proof.peerName : undefined;
  return given === undefined
    ? { name: peer.address.value, at: peer.address.at }
    : { name: given.value, at: given.at };
}

type Wanted = ReturnType<typeof nameOf>;

function compareCertificates(
  a: SyncCertificatesSetting,
  b: SyncCertificatesSetting,
  [wantedByA, wantedByB]: readonly [Wanted, Wanted],
  pair: PairReport,
): void {
  const hint = 'the other one refuses it: sync does not begin';
  if (!isKnown(b, a)) {
    const message = 'the other director knows no authority that has signed the certificate here';
    const note = 'the authorities of the other director';
    pair.add('CFG_PAIR_SYNC', [a.authority.at, b.certificate.at], message, note, hint);
  }
  if (!isKnown(a, b)) {
    const message = 'no authority here has signed the certificate of the other director';
    pair.add('CFG_PAIR_SYNC', [a.certificate.at, b.authority.at], message, 'its certificate', hint);
  }
  const [ofA, ofB] = [a, b].map(({ certificate }) => parseCertificates(certificate.pem ?? '')?.[0]);
  if (ofB !== undefined && !isFor(ofB, wantedByA.name)) {
    const wanted = `and the other director wants ${wantedByA.name}`;
    const message = `the certificate here is for ${namesOf(ofB)}, ${wanted}`;
    pair.add('CFG_PAIR_SYNC', [wantedByA.at, b.certificate.at], message, 'it wants this one', hint);
  }
  if (ofA !== undefined && !isFor(ofA, wantedByB.name)) {
    const wanted = `and not for ${wantedByB.name}`;
    const message = `the certificate of the other director is for ${namesOf(ofA)}, ${wanted}`;
    pair.add('CFG_PAIR_SYNC', [a.certificate.at, wantedByB.at], message, 'its certificate', hint);
  }
}

/** Has one of those authorities signed this certificate? Of a file that was not read nothing is known. */
function isKnown({ certificate }: SyncCertificatesSetting, { authority }: SyncCertificatesSetting): boolean {
  if (certificate.pem === undefined || authority.pem === undefined) return true;
  const [shown, authorities] = [certificate.pem, authority.pem].map((pem) => parseCertificates(pem) ?? []);
  return chainTo(authorities!, shown!) !== undefined;
}
