// X.509 certificates as far as they can be judged without a connection: what is in a PEM text, for whom one
// is, who has signed it, and how long it is valid. OpenSSL judges anew when a connection is made.
import { X509Certificate } from 'node:crypto';
import { parseAddress } from './address.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const DAY_MS = 86_400_000;
/** So many days before its end it is time to say so. */
const SOON_DAYS = 14;
/** Nobody has a longer chain of authorities. */
const LONGEST_CHAIN = 10;

/** Undefined: one of them is none. Empty: there are none in it. */
export function parseCertificates(pem: string): X509Certificate[] | undefined {
  try {
    return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Is it for this name or address? Only what it says for machines counts (SAN), not its common name. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  if (parseAddress(name) !== undefined) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined;
}

/** For people: `DNS:a.example, IP Address:10.9.0.1`. */
export function namesOf({ subjectAltName }: X509Certificate): string {
  return subjectAltName ?? 'nobody';
}

/** Whole days that are left; negative: it has expired. */
export function daysLeft({ validToDate }: X509Certificate, nowMs: number): number {
  return Math.floor((validToDate.getTime() - nowMs) / DAY_MS);
}

export function isOverSoon(certificate: X509Certificate, nowMs: number): boolean {
  return daysLeft(certificate, nowMs) < SOON_DAYS;
}

/** For people; also when it is over. */
export function expiryText(certificate: X509Certificate, nowMs: number): string {
  const days = daysLeft(certificate, nowMs);
  const on = certificate.validToDate.toISOString().slice(0, 10);
  const whose = `the certificate of ${certificate.subject?.replaceAll('\n', ', ') || namesOf(certificate)}`;
  if (certificate.validToDate.getTime() <= nowMs) return `${whose} has expired on ${on}`;
  return `${whose} expires in ${days} ${days === 1 ? 'day' : 'days'}, on ${on}`;
}

/** Of the first of `given` and those that it hangs by. */
export function firstToExpire(
  authorities: readonly X509Certificate[],
  given: readonly X509Certificate[],
): X509Certificate | undefined {
  const chain = chainTo(authorities, given) ?? given;
  return chain.toSorted((a, b) => a.validToDate.getTime() - b.validToDate.getTime())[0];
}

/**
 * From the first of `given` to the root among `authorities`; undefined: it leads to none of them. What is
 * left to OpenSSL: dates, uses, and whether who signed might.
 */
export function chainTo(
  authorities: readonly X509Certificate[],
  given: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const chain: X509Certificate[] = [];
  for (let current = given[0]; current !== undefined && chain.length < LONGEST_CHAIN; ) {
    const last: X509Certificate = current;
    chain.push(last);
    if (isRoot(last)) return has(authorities, last) ? chain : undefined;
    current = [...authorities, ...given].find((other) => !has(chain, other) && hasSigned(other, last));
  }
  return undefined;
}

export function isRoot(certificate: X509Certificate): boolean {
  return hasSigned(certificate, certificate);
}

function has(certificates: readonly X509Certificate[], { fingerprint256 }: X509Certificate): boolean {
  return certificates.some((other) => other.fingerprint256 === fingerprint256);
}

function hasSigned(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch {
    // A kind of key that this OpenSSL does not know.
    return false;
  }
}
