// Certificates for tests, made by openssl as an operator would make them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As PEM, and where they are. */
export type Made = { certificate: string; privateKey: string; files: { certificate: string; key: string } };
export type Wanted = {
  /** As openssl takes them: `IP:127.0.0.1`, `DNS:a.example`. */
  names: string;
  /** Days from now on which it begins and ends to be valid. */
  valid?: readonly [number, number];
  /** `serverAuth`, `clientAuth`. */
  use?: string;
  /** It may sign others. */
  isAuthority?: true;
};

const KIND = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const DAY_MS = 86_400_000;

export class CertificateMaker {
  readonly #directory = mkdtempSync(join(tmpdir(), 'lvs-certificates-'));
  #count = 0;

  constructor() {
    // `openssl x509 -req` of Debian 12 cannot say when a certificate begins, `openssl ca` can.
    const lines = [
      '[ca]\ndefault_ca = own\n[own]\ndefault_md = sha256\npolicy = any\nrand_serial = yes',
      `unique_subject = no\ndatabase = ${this.#path('index')}\nnew_certs_dir = ${this.#directory}`,
      '[any]\ncommonName = supplied\n',
    ];
    writeFileSync(this.#path('ca.conf'), lines.join('\n'));
    writeFileSync(this.#path('index'), '');
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  authority(name = 'test authority'): Made {
    return this.#made((key, certificate) => {
      openssl('req', '-x509', ...KIND, '-keyout', key, '-out', certificate, '-subj', `/CN=${name}`);
    });
  }

  selfSigned(names: string): Made {
    return this.#made((key, certificate) => {
      const added = ['-subj', '/CN=self', '-addext', `subjectAltName=${names}`];
      openssl('req', '-x509', ...KIND, '-keyout', key, '-out', certificate, ...added);
    });
  }

  signed(by: Made, { names, valid = [-1, 30], use, isAuthority }: Wanted): Made {
    return this.#made((key, certificate) => {
      const [request, extensions] = [`${key}.csr`, `${key}.ext`];
      const subject = ['-subj', isAuthority ? '/CN=between' : '/CN=director'];
      openssl('req', '-new', ...KIND, '-keyout', key, '-out', request, ...subject);
      const lines = [
        `subjectAltName=${names}`,
        `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
        ...(use === undefined ? [] : [`extendedKeyUsage=${use}`]),
      ];
      writeFileSync(extensions, lines.join('\n'));
      const signer = [
        '-config',
        this.#path('ca.conf'),
        '-cert',
        by.files.certificate,
        '-keyfile',
        by.files.key,
      ];
      const [from, to] = valid.map(inDays) as [string, string];
      const dates = ['-startdate', from, '-enddate', to];
      const files = ['-in', request, '-out', certificate, '-extfile', extensions];
      openssl('ca', '-batch', '-notext', ...signer, ...dates, ...files);
    });
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #made(make: (key: string, certificate: string) => void): Made {
    const stem = this.#path(String(++this.#count));
    const files = { key: `${stem}.key`, certificate: `${stem}.pem` };
    make(files.key, files.certificate);
    const read = (path: string) => readFileSync(path, 'utf8');
    return { certificate: read(files.certificate), privateKey: read(files.key), files };
  }
}

/** As openssl reads dates: 20261122230100Z. */
function inDays(days: number): string {
  const text = new Date(Date.now() + days * DAY_MS).toISOString();
  return `${text.slice(0, 19).replace(/[-:T]/g, '')}Z`;
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' });
}
