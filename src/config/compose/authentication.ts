// What the `authentication` blocks of a vrrp_instance come to: the password of its adverts, or none.
import type { Located, Span } from '../../core/diagnostic.ts';
import type { Report } from '../report.ts';
import type { AUTHENTICATION } from '../schema/authentication.ts';
import { last, type Settings } from '../settings.ts';

type Authentication = Settings<typeof AUTHENTICATION>;

/** Undefined: adverts carry no password. Checked in keepalived 2.2.7's order, `vrrp_complete_instance`. */
export function composePassword(
  blocks: readonly { at: Span; body: Authentication }[],
  { version, isSigned, isStrict }: { version: 2 | 3; isSigned: boolean; isStrict: boolean },
  report: Report,
): Located<string> | undefined {
  const block = blocks.at(-1);
  if (block === undefined) return undefined;
  if (isSigned) {
    const message = 'adverts that auth_hmac signs carry no password';
    report.add('CFG_REDUNDANT', block.at, message, 'leave `authentication` out');
    return undefined;
  }
  const kind = blocks.map(({ body }) => last(body, 'auth_type')).findLast((given) => given !== undefined);
  const password = blocks.map(({ body }) => last(body, 'auth_pass')).findLast((given) => given !== undefined);
  // What is wrong with a word has been said.
  const isWrong = blocks.some(({ body }) => body.wrong.length > 0);
  if (kind === undefined) {
    const message = 'authentication without an auth_type: adverts carry no password';
    if (!isWrong) report.add('CFG_NO_EFFECT', block.at, message, 'add `auth_type PASS`, or leave it out');
    return undefined;
  }
  if (isStrict) {
    const message = 'strict mode has no authentication: adverts carry no password';
    report.add('CFG_STRICT', kind.at, message, 'leave the block out (RFC 9568 section 9)');
    return undefined;
  }
  if (version === 3) {
    const message = 'version 3 has no authentication: adverts carry no password';
    report.add('CFG_REDUNDANT', kind.at, message, 'leave the block out (RFC 9568 section 9)');
    return undefined;
  }
  if (password === undefined || password.value === '') {
    const message = 'authentication without an auth_pass: adverts carry no password';
    if (!isWrong) report.add('CFG_CONTRADICTION', kind.at, message, 'add `auth_pass`, or leave it out');
    return undefined;
  }
  if (kind.value === 'AH') {
    const message = 'AH is not supported, and the peer drops adverts without it';
    report.add('CFG_UNSAFE', kind.at, message, 'use `auth_type PASS` on both directors, or version 3');
    return undefined;
  }
  const message = 'a password in clear text keeps directors apart, but nobody out';
  report.add('CFG_WEAK', kind.at, message, 'whoever is on the link can read it');
  return password;
}
