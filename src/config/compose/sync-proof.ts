// The block `sync` of director → by what the two balancers know each other: keys that both have, or
// certificates.
import type { Span } from '../../core/diagnostic.ts';
import type { SyncProofSetting } from '../model.ts';
import type { Report } from '../report.ts';
import type { SYNC } from '../schema/sync.ts';
import { all, last, type Settings } from '../settings.ts';

const NEEDED = ['certificate', 'private_key', 'authority'] as const;
const EITHER = 'either psk, or certificate, private_key and authority';

/** Whether there is a word of either kind, whole or not. */
export function hasProof(body: Settings<typeof SYNC>): boolean {
  return all(body, 'psk').length > 0 || firstOfCertificates(body) !== undefined;
}

/** Undefined: there is none, or it is not whole; what is not whole is reported. */
export function composeProof(body: Settings<typeof SYNC>, report: Report): SyncProofSetting | undefined {
  const keys = all(body, 'psk');
  const first = firstOfCertificates(body);
  if (keys.length > 0 && first !== undefined) {
    const message = `${first.word} beside psk: the two know each other by keys or by certificates`;
    report.add('CFG_CONTRADICTION', first.at, message, EITHER, [{ at: keys[0]!.at, message: 'psk is here' }]);
    return undefined;
  }
  if (first === undefined)
    return keys.length === 0
      ? undefined
      : { by: 'psk', keys: keys.map(({ value, at }) => ({ at, source: value })) };
  return composeCertificates(body, first, report);
}

function composeCertificates(
  body: Settings<typeof SYNC>,
  first: { word: string; at: Span },
  report: Report,
): SyncProofSetting | undefined {
  const [certificate, privateKey, authority] = NEEDED.map((word) => last(body, word));
  if (certificate === undefined || privateKey === undefined || authority === undefined) {
    const missing = NEEDED.filter((word) => last(body, word) === undefined).join(' and ');
    // What is wrong with a word that is there has been said.
    if (body.wrong.length === 0)
      report.add('CFG_INCOMPLETE', first.at, `${first.word} without ${missing}`, EITHER);
    return undefined;
  }
  const file = ({ at, value }: typeof certificate) => ({ at, file: value.file });
  const peerName = last(body, 'peer_name');
  return {
    by: 'certificates',
    certificate: file(certificate),
    privateKey: file(privateKey),
    authority: file(authority),
    ...(peerName === undefined ? {} : { peerName }),
  };
}

/** In the order of the text. */
function firstOfCertificates(body: Settings<typeof SYNC>): { word: string; at: Span } | undefined {
  const given = [...NEEDED, 'peer_name' as const].flatMap((word) => {
    const at = last(body, word)?.at;
    return at === undefined ? [] : [{ word, at }];
  });
  return given.sort((a, b) => a.at.start - b.at.start)[0];
}
