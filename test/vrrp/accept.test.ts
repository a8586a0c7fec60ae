// Whose adverts count, what about them is odd, and that ours are of the same kind: passwords of version 2,
// checksums of version 3. The bytes are in packet.test.ts; what else is refused is in elector.test.ts.
import { describe, expect, test } from 'vitest';
import { address } from '../../src/core/address.ts';
import { oddities, refuse } from '../../src/vrrp/accept.ts';
import { parcels } from '../../src/vrrp/instance.ts';
import { type Advert, decodeAdvert, passwordField } from '../../src/vrrp/packet.ts';
import type { InstanceSettings } from '../../src/vrrp/settings.ts';
import { instanceSettings, VIP } from '../sim/world.ts';

const OURS = address('10.0.0.11');
const advert = (password?: string): Advert => ({
  version: 2,
  vrid: 51,
  priority: 200,
  intervalMs: 1000,
  addresses: [VIP],
  source: address('10.0.0.12'),
  destination: address('224.0.0.18'),
  ttl: 255,
  ...(password === undefined ? {} : { password: passwordField(password) }),
});
const own = (more: Partial<InstanceSettings>) => instanceSettings({ version: 2, ...more });

describe('an advert of version 2', () => {
  test.each([
    ['with our password', advert('secret'), { password: 'secret' }, undefined],
    ['with the eight bytes of ours', advert('secretlo'), { password: 'secretlonger' }, undefined],
    ['with another one', advert('secreT'), { password: 'secret' }, 'wrong-password'],
    ['with the beginning of ours', advert('secre'), { password: 'secret' }, 'wrong-password'],
    ['with none', advert(), { password: 'secret' }, 'no-password'],
    ['with one, and we have none', advert('secret'), {}, 'unexpected-password'],
    ['with none, and we have none', advert(), {}, undefined],
    [
      'of version 3, which has none',
      { ...advert(), version: 3 as const },
      { version: 3 as const },
      undefined,
    ],
  ])('%s', (_, heard, more, refusal) => {
    expect(refuse(heard, own(more), OURS)).toBe(refusal);
  });

  test('of a peer is refused for its password before its interval', () => {
    expect(refuse({ ...advert('b'), intervalMs: 2000 }, own({ password: 'a' }), OURS)).toBe('wrong-password');
  });
});

test.each([
  [255, true, 'we-own-the-addresses'],
  [255, false, undefined],
  [254, true, undefined],
])('a router of priority %i that is a deaf owner (%s) refuses %s', (priority, deaf, refusal) => {
  const router = own({ priority, ...(deaf ? { deafOwner: true as const } : {}) });
  expect(refuse(advert(), router, OURS)).toBe(refusal);
});

describe.each(['plain', 'pseudo-header'] as const)('a router whose checksums are %s', (form) => {
  const other = form === 'plain' ? 'pseudo-header' : 'plain';
  const router = instanceSettings({ checksumForm: form });
  const heard: Advert = { ...advert(), version: 3 };
  test('takes the other form as well, and finds it odd', () => {
    expect(refuse(heard, router, OURS)).toBeUndefined();
    expect(oddities(heard, other, router)).toEqual([`${other}-checksum`]);
    expect(oddities(heard, form, router)).toEqual([]);
  });
  test('has nothing to say about version 2, which has one form', () => {
    expect(oddities(advert(), 'plain', own({ checksumForm: form }))).toEqual([]);
  });
  test('sends its own', () => {
    const [{ packet } = { packet: Buffer.alloc(0) }] = parcels(router, OURS, 100);
    expect(decodeAdvert(packet)).toMatchObject({ ok: true, checksumForm: form });
  });
});

test.each([
  ['version 2 carries it', { version: 2, password: 'secretlonger' }, 'secretlo'],
  ['version 2 without one does not', { version: 2 }, undefined],
  ['version 3 does not', { version: 3, password: 'secretlonger' }, undefined],
] as const)('a password: %s', (_, more, carried) => {
  const [{ packet } = { packet: Buffer.alloc(0) }] = parcels(own(more), OURS, 100);
  const decoded = decodeAdvert(packet);
  expect(decoded.ok).toBe(true);
  expect(decoded.ok && decoded.advert.password?.toString()).toBe(carried);
});
