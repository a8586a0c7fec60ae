// Small datagrams become large ones, with every entry as it was and in its order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATAGRAM_MAX, encodeDatagrams } from '../../src/sync/encode.ts';
import type { SyncEntry } from '../../src/sync/entry.ts';
import { Regroup } from '../../src/sync/regroup.ts';
import { decodeDatagram } from '../../src/sync/wire.ts';
import { anyEntry } from './entries.ts';

function entriesOf(datagrams: readonly Buffer[]): SyncEntry[] {
  return datagrams.flatMap((each) => {
    const decoded = decodeDatagram(each);
    expect(decoded.ok && decoded.message.cut).toBe(undefined);
    return decoded.ok ? decoded.message.entries : [];
  });
}

test('every entry comes out as it went in', () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 400 }),
      fc.integer({ min: 44, max: 1472 }),
      (entries, maxlen) => {
        const out: Buffer[] = [];
        const regroup = new Regroup(
          (datagram) => out.push(Buffer.from(datagram)),
          () => false,
        );
        const small = encodeDatagrams({ syncId: 7, maxlen }, entries);
        for (const each of small) expect(regroup.add(each)).toBeUndefined();
        regroup.flush();
        regroup.flush();
        expect(entriesOf(out)).toEqual(entriesOf(small));
        expect(out.every(({ length }) => length <= DATAGRAM_MAX)).toBe(true);
        expect(out.length).toBeLessThanOrEqual(Math.max(1, small.length));
      },
    ),
    { numRuns: 50 },
  );
});

test('what is no datagram of the kernel is dropped with its reason', () => {
  const regroup = new Regroup(
    () => expect.unreachable(),
    () => false,
  );
  expect(regroup.add(Buffer.from([0, 0, 0]))).toBe('too-short');
  expect(regroup.add(Buffer.from([0, 1, 0, 4]))).toBe('not-v1');
  regroup.flush();
});

test('entries of our own making are left out', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 30 }), (entries) => {
      const out: Buffer[] = [];
      const isOwn = (datagram: Buffer, at: number) => datagram.readUInt16BE(at + 10) % 2 === 0;
      const regroup = new Regroup((datagram) => out.push(Buffer.from(datagram)), isOwn);
      for (const each of encodeDatagrams({ syncId: 7, maxlen: 100 }, entries)) regroup.add(each);
      regroup.flush();
      expect(entriesOf(out).map(({ clientPort }) => clientPort)).toEqual(
        entries.map(({ clientPort }) => clientPort).filter((port) => port % 2 !== 0),
      );
    }),
    { numRuns: 50 },
  );
});
