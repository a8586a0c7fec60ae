// By what the two ends of the connection for sync prove who they are, for node:tls: keys that both know, or
// certificates that each shows. Knows nothing of when connections are made.
//
// TLS 1.3 uses an external PSK together with a key exchange (psk_dhe_ke; OpenSSL does without only when asked
// to), so a key that becomes known later opens nothing that was recorded. Nothing is resumed: each connection
// proves anew who its other end is, by what is in force.
import { constants, createHash, X509Certificate } from 'node:crypto';
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { isFor, parseCertificates } from '../../core/certificate.ts';
import type { SyncCertificates, SyncProof } from '../../director/sync-stream.ts';
import { certificateReason, keyReason, nameError, type RefusalReason } from './refusal.ts';

const TLS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // An external PSK is of SHA-256 unless both sides agree on more.
  ciphers: 'TLS_AES_128_GCM_SHA256',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const satisfies SecureContextOptions;

/** Whether that by which a connection was made is still in force. */
export type IsInForce = () => boolean;
export type Judged = { ok: true; isInForce: IsInForce } | { ok: false; reason: RefusalReason };

export type Prover = {
  /** Takes effect at once; what another kind of proof needs is another connection. */
  renew(proof: SyncProof): void;
  /** May throw: of certificates OpenSSL has the last word. */
  accepting(): TlsOptions;
  /** Of one attempt. May throw, too. */
  dialing(): { options: ConnectionOptions; isInForce: IsInForce };
  /** Of who has got through TLS at the accepting end. */
  judge(socket: TLSSocket): Judged;
  /** With the socket of the accepting end. */
  reasonOf(error: NodeJS.ErrnoException, socket?: TLSSocket): RefusalReason;
  /** The other end did not take what was shown: is there something else? */
  tryNext(): void;
  /** The dialing end is through with TLS before the accepting one has judged it. */
  readonly isJudgedLate: boolean;
};

export function prover(proof: SyncProof): Prover {
  return proof.by === 'psk' ? new KeyProver(proof.keys) : new CertificateProver(proof);
}

class KeyProver implements Prover {
  readonly isJudgedLate = false;
  #keys: ReadonlyMap<string, Buffer>;
  /** Which key is tried next. */
  #turn = 0;
  /** By which key a connection proves itself. */
  readonly #identities = new WeakMap<object, string>();

  constructor(keys: readonly Buffer[]) {
    this.#keys = byIdentity(keys);
  }

  renew(proof: SyncProof): void {
    this.#keys = byIdentity(proof.by === 'psk' ? proof.keys : []);
    this.#turn = 0;
  }

  accepting(): TlsOptions {
    return {
      ...TLS,
      pskCallback: (socket, identity) => {
        this.#identities.set(socket, identity);
        return this.#keys.get(identity) ?? null;
      },
    };
  }

  dialing(): { options: ConnectionOptions; isInForce: IsInForce } {
    const tried = [...this.#keys];
    const [identity, psk] = tried[this.#turn % tried.length]!;
    const options = {
      ...TLS,
      pskCallback: () => ({ identity, psk }),
      // The key is the proof. Who does not know it could answer by a certificate instead, and node takes any
      // that one of its many authorities has signed: here there is none, and no name is the right one.
      ca: [],
      checkServerIdentity: nameError,
    };
    return { options, isInForce: () => this.#keys.has(identity) };
  }

  judge(socket: TLSSocket): Judged {
    const identity = this.#identities.get(socket);
    if (identity === undefined) return { ok: false, reason: 'key' };
    return { ok: true, isInForce: () => this.#keys.has(identity) };
  }

  reasonOf({ code = '' }: NodeJS.ErrnoException): RefusalReason {
    return keyReason(code);
  }

  tryNext(): void {
    this.#turn++;
  }
}

class CertificateProver implements Prover {
  readonly isJudgedLate = true;
  #shown: SyncCertificates;
  /** Of the PEM text, which may be a large bundle: read once. */
  #context: SecureContext | undefined;
  #authorities: ReadonlySet<string>;

  constructor(shown: SyncCertificates) {
    this.#shown = shown;
    this.#authorities = fingerprintsIn(shown.authority);
  }

  renew(proof: SyncProof): void {
    if (proof.by === 'psk' || isDeepStrictEqual(proof, this.#shown)) return;
    this.#shown = proof;
    this.#context = undefined;
    this.#authorities = fingerprintsIn(proof.authority);
  }

  accepting(): TlsOptions {
    return { ...this.#options(), requestCert: true, rejectUnauthorized: true };
  }

  dialing(): { options: ConnectionOptions; isInForce: IsInForce } {
    this.#context ??= createSecureContext(this.#options());
    const options: ConnectionOptions = {
      secureContext: this.#context,
      rejectUnauthorized: true,
      checkServerIdentity: (_, { raw }) =>
        isFor(new X509Certificate(raw), this.#shown.peerName) ? undefined : nameError(),
    };
    return { options, isInForce: this.#inForceAsNow() };
  }

  /** node compares no name of who dials. */
  judge(socket: TLSSocket): Judged {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return { ok: false, reason: 'no-certificate' };
    if (!socket.authorized) return { ok: false, reason: 'certificate' };
    if (!isFor(certificate, this.#shown.peerName)) return { ok: false, reason: 'wrong-name' };
    return { ok: true, isInForce: this.#inForceAsNow() };
  }

  reasonOf({ code = '' }: NodeJS.ErrnoException, socket?: TLSSocket): RefusalReason {
    // Node lets go of a certificate that it does not accept without an error of its own.
    const complaint: unknown = socket?.authorizationError;
    if (typeof complaint === 'string') {
      const reason = certificateReason(complaint);
      return reason === 'handshake' ? 'certificate' : reason;
    }
    // Who has read our certificate and does not accept it goes without a word (node sends no alert).
    if (code === 'ECONNRESET' && socket !== undefined) return 'ended';
    return certificateReason(code);
  }

  tryNext(): void {}

  /** A certificate that was renewed takes nothing back; an authority, or a name, that is gone does. */
  #inForceAsNow(): IsInForce {
    const [authorities, { peerName }] = [this.#authorities, this.#shown];
    return () =>
      peerName === this.#shown.peerName && [...authorities].every((each) => this.#authorities.has(each));
  }

  #options(): SecureContextOptions {
    const { certificate, privateKey, authority } = this.#shown;
    return { ...TLS, cert: certificate, key: privateKey, ca: authority };
  }
}

/** What a key is known by on the wire, in the clear: of a random key it tells nothing. */
function byIdentity(keys: readonly Buffer[]): Map<string, Buffer> {
  return new Map(keys.map((key) => [createHash('sha256').update(key).digest('hex').slice(0, 16), key]));
}

function fingerprintsIn(pem: string): Set<string> {
  return new Set((parseCertificates(pem) ?? []).map(({ fingerprint256 }) => fingerprint256));
}
