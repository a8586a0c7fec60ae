// The files of `sync { certificate … }`: are they what they have to be, do they belong together, and until
// when are they valid? Looking at files, and at the clock, is the caller's.
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import {
  daysLeft,
  expiryText,
  firstToExpire,
  isOverSoon,
  isRoot,
  parseCertificates,
} from '../../core/certificate.ts';
import type { PemFile, SyncCertificatesSetting } from '../model.ts';
import type { Report } from '../report.ts';
import { type ReadKeyFile, reportOpen } from './keys.ts';

/** All the authorities that a Debian trusts are 220 KB. */
const PEM_BYTES_MOST = 1_048_576;
const POWER = 'can read connections and invent others';
const KINDS: readonly (string | undefined)[] = ['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448'];
/** OpenSSL takes none that is shorter. */
const RSA_BITS_LEAST = 2048;
/** RFC 5280 §4.2.1.12: serverAuth and clientAuth. */
const USES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' };

type Reading = { read: ReadKeyFile; report: Report };

/** Puts what is in them in the place of the files. Without `nowMs` nothing is said of dates. */
export function readCertificates(
  setting: SyncCertificatesSetting,
  reading: Reading,
  nowMs: number | undefined,
): void {
  const { certificate, authority } = setting;
  const shown = readChain(certificate, 'certificate', reading);
  const authorities = readChain(authority, 'authority', reading);
  readPrivateKey(setting, shown?.[0], reading);
  const { report } = reading;
  if (authorities?.some(isRoot) === false) {
    const message = `there is no root in ${authority.file}: all of them are signed by others`;
    fail(report, authority, message, 'a chain of signatures has to end in one that signed itself');
  }
  if (shown === undefined) return;
  judgeUse(certificate, shown[0]!, report);
  if (nowMs !== undefined) judgeDates({ certificate, shown, authorities: authorities ?? [], nowMs }, report);
}

function readPem(of: PemFile, what: string, { read, report }: Reading): string | undefined {
  const file = read(of.file, PEM_BYTES_MOST);
  if (!file.ok) {
    fail(report, of, `the ${what} file ${of.file} ${file.says}`);
    return undefined;
  }
  if (what === 'private key') reportOpen({ at: of.at, path: of.file, open: file.open, power: POWER }, report);
  if (what === 'authority' && file.changeable !== undefined) {
    const message = `${file.changeable}: who can change ${of.file} can let anybody in`;
    report.add('CFG_KEY_OPEN', of.at, message, `chown root ${of.file}; chmod go-w ${of.file}`);
  }
  return Buffer.from(file.bytes).toString('latin1');
}

function readChain(
  of: PemFile,
  what: 'certificate' | 'authority',
  reading: Reading,
): X509Certificate[] | undefined {
  const pem = readPem(of, what, reading);
  if (pem === undefined) return undefined;
  const found = parseCertificates(pem);
  if (found === undefined)
    fail(reading.report, of, `a certificate in ${of.file} cannot be read: it is damaged`);
  else if (found.length === 0)
    fail(
      reading.report,
      of,
      `there is no certificate in ${of.file}`,
      'PEM: -----BEGIN CERTIFICATE----- and on',
    );
  if (found === undefined || found.length === 0) return undefined;
  of.pem = pem;
  return found;
}

function readPrivateKey(
  { privateKey, certificate }: SyncCertificatesSetting,
  shown: X509Certificate | undefined,
  reading: Reading,
): void {
  const { report } = reading;
  const { file } = privateKey;
  const pem = readPem(privateKey, 'private key', reading);
  if (pem === undefined) return;
  const key = parseKey(pem);
  if (key === 'encrypted') {
    const hint = 'there is nobody to type its passphrase: `openssl pkey -in FILE -out OTHER` takes it off';
    return fail(report, privateKey, `the key in ${file} is encrypted`, hint);
  }
  if (key === 'none')
    return fail(
      report,
      privateKey,
      `there is no private key in ${file}`,
      'PEM: -----BEGIN PRIVATE KEY----- and on',
    );
  const { asymmetricKeyType: kind, asymmetricKeyDetails: { modulusLength = RSA_BITS_LEAST } = {} } = key;
  if (!KINDS.includes(kind) || modulusLength < RSA_BITS_LEAST) {
    const message = `the key in ${file} cannot sign for TLS 1.3: ${kind}, ${modulusLength} bits`;
    return fail(report, privateKey, message, 'an EC key, Ed25519, or RSA of 2048 bits and more');
  }
  if (shown !== undefined && !shown.checkPrivateKey(key)) {
    const message = `the key in ${file} does not belong to the certificate in ${certificate.file}`;
    const related = [{ at: certificate.at, message: 'the certificate is here' }];
    const hint = 'of several certificates in a file the director’s own comes first';
    return report.add('CFG_CERTIFICATE', privateKey.at, message, hint, related);
  }
  privateKey.pem = pem;
}

function parseKey(pem: string): KeyObject | 'encrypted' | 'none' {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) return 'encrypted';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'none';
  }
}

/** Which of the two dials follows from addresses, and may change: it takes both uses. */
function judgeUse(of: PemFile, { keyUsage }: X509Certificate, report: Report): void {
  // node:crypto calls extendedKeyUsage so; without it every use is allowed.
  if (keyUsage === undefined) return;
  const missing = Object.entries(USES).flatMap(([name, oid]) => (keyUsage.includes(oid) ? [] : [name]));
  if (missing.length === 0) return;
  const hint =
    'the accepting one of the two is the server, the dialing one the client: extendedKeyUsage takes both';
  fail(report, of, `the certificate in ${of.file} is not for ${missing.join(' and ')}`, hint);
}

type Dated = {
  certificate: PemFile;
  shown: readonly X509Certificate[];
  authorities: readonly X509Certificate[];
  nowMs: number;
};

function judgeDates({ certificate: { at }, shown, authorities, nowMs }: Dated, report: Report): void {
  const first = firstToExpire(authorities, shown);
  if (first !== undefined && isOverSoon(first, nowMs)) {
    const hint = daysLeft(first, nowMs) < 0 ? 'the peer refuses it' : 'then the peer refuses it';
    report.add('CFG_CERTIFICATE_DATE', at, expiryText(first, nowMs), hint);
  }
  const { validFromDate } = shown[0]!;
  if (validFromDate.getTime() <= nowMs) return;
  const message = `the certificate is not valid before ${validFromDate.toISOString()}`;
  report.add('CFG_CERTIFICATE_DATE', at, message, 'the peer refuses it; is the clock right?');
}

function fail(report: Report, { at }: PemFile, message: string, hint?: string): void {
  report.add('CFG_CERTIFICATE', at, message, hint);
}
