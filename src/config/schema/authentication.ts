// The block `authentication { … }` of vrrp_instance: a password in adverts of version 2. RFC 3768 took it out
// of the protocol because it protects nothing; keepalived has kept it, and most of its files have it.
import { type Block, keyword } from './block.ts';
import { oneOf, type Shape, secret } from './shape.ts';

const LONGEST_PASSWORD = 8;

/** A secret is never shown, also not as what is wrong with it. */
const password: Shape<string> = {
  ...secret,
  example: 'secret',
  read(words) {
    const word = words.take('a password');
    if (word === undefined) return undefined;
    const length = Buffer.byteLength(word.text);
    if (length > LONGEST_PASSWORD) {
      const message = `${words.subject} has ${length} bytes, of which ${LONGEST_PASSWORD} count`;
      words.complain('CFG_REDUNDANT', word.at, message, 'an advert has no room for more: shorten it');
    }
    return word.text;
  },
};

/** To who hears it: the rest is not sent. */
export function isSamePassword(one: string, other: string): boolean {
  const field = (text: string) => Buffer.from(text).subarray(0, LONGEST_PASSWORD);
  return field(one).equals(field(other));
}

export const AUTHENTICATION = {
  name: 'authentication',
  keywords: {
    auth_type: keyword(oneOf(['PASS', 'AH']), 'PASS: a password in clear text; AH is refused'),
    auth_pass: keyword(password, 'the same on both directors; eight bytes of it count'),
  },
} as const satisfies Block;
