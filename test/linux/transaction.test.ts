// What the kernel refuses of a transaction is told at once, whichever way it refuses: an elector that waited
// for an answer would send no adverts. Nothing here succeeds, so nothing is changed.
import { expect, test } from 'vitest';
import { NetlinkSocket } from '../../src/linux/netlink-socket.ts';
import type { Request } from '../../src/netlink/message.ts';
import { BEGIN, END, NETLINK_NETFILTER, removeTable, replaceTable } from '../../src/netlink/nftables.ts';

const TABLE = 'lvs-director-never';
const SOON_MS = 200;

function transact(begin: Request, requests: readonly Request[], end: Request) {
  const socket = new NetlinkSocket(NETLINK_NETFILTER);
  try {
    const startMs = performance.now();
    const result = socket.transact(begin, requests, end);
    expect(performance.now() - startMs).toBeLessThan(SOON_MS);
    return result;
  } finally {
    socket.close();
  }
}
const changed = (request: Request, at: number, value: number): Request => {
  const payload = Buffer.from(request.payload);
  payload.writeUInt8(value, at);
  return { ...request, payload };
};
const UNKNOWN_FAMILY = 99;
const UNKNOWN_SUBSYSTEM = 15;

test('a family that the kernel does not have: refused message by message', () => {
  const requests = removeTable(TABLE).map((request) => changed(request, 0, UNKNOWN_FAMILY));
  expect(transact(BEGIN, requests, END)).toMatchObject({
    ok: false,
    errno: expect.stringMatching(/EOPNOTSUPP|EAFNOSUPPORT/),
  });
});

test('a kernel without the subsystem: refused as a whole', () => {
  const requests = removeTable(TABLE).map((request) => ({
    ...request,
    type: (UNKNOWN_SUBSYSTEM << 8) | (request.type & 0xff),
  }));
  const [begin, end] = [BEGIN, END].map((frame) => changed(frame, 3, UNKNOWN_SUBSYSTEM));
  expect(transact(begin!, requests, end!)).toMatchObject({ ok: false, errno: expect.any(String) });
});

test('one bad message among good ones: nothing of it is done', () => {
  const [make, remove, again] = replaceTable({ table: TABLE, mark: 'ours' }, [], []);
  const bad = changed(again!, 0, UNKNOWN_FAMILY);
  expect(transact(BEGIN, [make!, bad, make!], END)).toMatchObject({ ok: false });
  // It would be there to be removed: what is not there is not.
  expect(transact(BEGIN, [remove!], END)).toMatchObject({ ok: false, errno: 'ENOENT' });
});
