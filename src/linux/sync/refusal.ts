// Why a connection for sync came to nothing, in words that an operator can act upon. OpenSSL's and node's
// codes come in, no text of theirs goes out.

export type RefusalReason =
  | 'stranger'
  | 'too-many'
  | 'key'
  | 'not-a-key'
  | 'handshake'
  | 'expired'
  | 'not-yet-valid'
  | 'unknown-authority'
  | 'self-signed'
  | 'wrong-name'
  | 'no-certificate'
  | 'wrong-use'
  | 'certificate'
  | 'ended';

export const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  stranger: 'not from the peer’s address',
  'too-many': 'too many at once that have not proved who they are',
  key: 'it does not know the key',
  'not-a-key': 'it shows a certificate instead of knowing the key',
  handshake: 'no TLS handshake',
  expired: 'its certificate, or its authority’s, has expired',
  'not-yet-valid': 'its certificate, or its authority’s, is not valid yet: is a clock wrong?',
  'unknown-authority': 'its certificate is of no authority that is known here',
  'self-signed': 'its certificate is signed by itself, and is none of the authorities that are known here',
  'wrong-name': 'its certificate is for somebody else',
  'no-certificate': 'it shows no certificate; has it a psk?',
  'wrong-use':
    'its certificate is not for this use: with extendedKeyUsage it takes serverAuth and clientAuth',
  certificate: 'its certificate is not accepted',
  ended: 'the other end broke it off before it said anything: see its log',
};

/** What node calls it when a name does not fit is ours to choose: see {@link nameError}. */
const WRONG_NAME = 'SYNC_WRONG_NAME';
const OF_CERTIFICATES: Readonly<Record<string, RefusalReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  // An authority of the same name, and another key.
  CERT_SIGNATURE_FAILURE: 'unknown-authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  INVALID_PURPOSE: 'wrong-use',
  [WRONG_NAME]: 'wrong-name',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no-certificate',
};
/** Codes of OpenSSL that mean: it knows another key, or none. */
const WRONG_KEY = /BINDER_DOES_NOT_VERIFY|NO_SUITABLE_SIGNATURE|DECRYPT_ERROR|HANDSHAKE_FAILURE/;
/** What node calls X509_V_ERR_…: neither ERR_SSL_… nor an errno. */
const ABOUT_CERTIFICATES = /^(?!ERR_)[A-Z0-9]+(_[A-Z0-9]+)+$/;

export function nameError(): Error {
  return Object.assign(new Error('the certificate is for somebody else'), { code: WRONG_NAME });
}

/** Where keys are the proof. */
export function keyReason(code: string): RefusalReason {
  if (WRONG_KEY.test(code)) return 'key';
  return ABOUT_CERTIFICATES.test(code) ? 'not-a-key' : 'handshake';
}

/** Where certificates are. */
export function certificateReason(code: string): RefusalReason {
  if (Object.hasOwn(OF_CERTIFICATES, code)) return OF_CERTIFICATES[code]!;
  // Who has a key, and no certificate to show.
  if (/HANDSHAKE_FAILURE/.test(code)) return 'no-certificate';
  return ABOUT_CERTIFICATES.test(code) ? 'certificate' : 'handshake';
}
