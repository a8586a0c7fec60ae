// Messages and acknowledgements: framing, the kernel's own bytes, damage.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeAcknowledgement,
  type Message,
  messageSize,
  NLM_F,
  NLMSG,
  type Request,
  splitMessages,
  writeMessage,
} from '../../src/netlink/message.ts';

const request = (payload: string): Request => ({
  name: 'TEST',
  type: 0x14,
  flags: NLM_F.CREATE,
  payload: Buffer.from(payload, 'hex'),
});

test('several messages in one buffer come apart as they went in', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(payloads, (given) => {
      const requests = given.map((payload) => ({ ...request(''), payload: Buffer.from(payload) }));
      const buffer = Buffer.alloc(
        requests.reduce((size, one) => size + messageSize(one), 0),
        0xee,
      );
      let at = 0;
      for (const [index, one] of requests.entries()) at = writeMessage(one, NLM_F.ACK, index + 7, buffer, at);
      expect(at).toBe(buffer.length);
      const split = splitMessages(buffer);
      expect(split).toEqual({
        ok: true,
        value: requests.map((one, index) => ({
          type: one.type,
          flags: NLM_F.REQUEST | NLM_F.ACK | NLM_F.CREATE,
          sequence: index + 7,
          port: 0,
          payload: one.payload,
        })),
      });
    }),
  );
});

test('the header is the one of struct nlmsghdr', () => {
  const buffer = Buffer.alloc(20, 0xee);
  writeMessage(request('aabbcc'), NLM_F.ACK, 0x01020304, buffer, 0);
  expect(buffer.toString('hex')).toBe('13000000' + '1400' + '0504' + '04030201' + '00000000' + 'aabbcc00');
});

test.each([
  ['message-truncated', '1000000014000000', 'less than a header'],
  ['message-bad-length', `0f000000${'00'.repeat(12)}`, 'a length below the header'],
  ['message-truncated', `14000000${'00'.repeat(12)}`, 'a length beyond the end'],
])('%s: %s (%s)', (drop, hex) => {
  expect(splitMessages(Buffer.from(hex, 'hex'))).toEqual({ ok: false, drop });
});

test('no bytes make splitting throw or never end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(typeof splitMessages(Buffer.from(bytes)).ok).toBe('boolean');
    }),
    { numRuns: 1000 },
  );
});

// Captured from Linux 6.18: RTM_GETLINK of a name that does not exist, with NETLINK_CAP_ACK and
// NETLINK_EXT_ACK set, and RTM_DELADDR of an address that is not there.
const ENODEV_ACK = '240000000200000101000000bf360000edffffff2c000000120005000100000000000000';
const EADDRNOTAVAIL_ACK =
  '400000000200000301000000bf3600009dffffff28000000150005000100000000000000' +
  '1c000100697076343a2041646472657373206e6f7420666f756e6400';

test('a refusal of the kernel: errno, and its explanation where it gives one', () => {
  const first = splitMessages(Buffer.from(ENODEV_ACK, 'hex'));
  const second = splitMessages(Buffer.from(EADDRNOTAVAIL_ACK, 'hex'));
  if (!first.ok || !second.ok) throw new Error('golden bytes are broken');
  expect(decodeAcknowledgement(first.value[0]!)).toEqual({ ok: true, value: { errno: 19 } });
  expect(decodeAcknowledgement(second.value[0]!)).toEqual({
    ok: true,
    value: { errno: 99, explanation: 'ipv4: Address not found' },
  });
});

const message = (fields: Partial<Message>): Message => ({
  type: NLMSG.ERROR,
  flags: 0,
  sequence: 1,
  port: 0,
  payload: Buffer.alloc(4),
  ...fields,
});

test('success, and the end of a dump with and without an error number', () => {
  expect(decodeAcknowledgement(message({}))).toEqual({ ok: true, value: { errno: 0 } });
  expect(decodeAcknowledgement(message({ type: NLMSG.DONE, payload: Buffer.alloc(0) }))).toEqual({
    ok: true,
    value: { errno: 0 },
  });
  const failed = Buffer.alloc(4);
  failed.writeInt32LE(-105);
  expect(decodeAcknowledgement(message({ type: NLMSG.DONE, payload: failed }))).toEqual({
    ok: true,
    value: { errno: 105 },
  });
  expect(decodeAcknowledgement(message({ payload: Buffer.alloc(3) }))).toEqual({
    ok: false,
    drop: 'header-truncated',
  });
});

test('an explanation after the whole repeated request, as without NETLINK_CAP_ACK', () => {
  // errno, the request (18 bytes, padded to 20), NLMSGERR_ATTR_MSG "no".
  const payload = Buffer.from(`eaffffff12000000${'00'.repeat(12)}aabb0000070001006e6f0000`, 'hex');
  expect(decodeAcknowledgement(message({ flags: NLM_F.ACK_TLVS, payload }))).toEqual({
    ok: true,
    value: { errno: 22, explanation: 'no' },
  });
});

test('no bytes make an acknowledgement throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(0xffff), fc.boolean(), (bytes, flags, done) => {
      const type = done ? NLMSG.DONE : NLMSG.ERROR;
      expect(typeof decodeAcknowledgement(message({ type, flags, payload: Buffer.from(bytes) })).ok).toBe(
        'boolean',
      );
    }),
    { numRuns: 1000 },
  );
});
