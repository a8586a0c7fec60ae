// Timeouts of the whole of IPVS: what is set, what stays as it was, and that the old ones come back.
import { expect, test } from 'vitest';
import type { Notice } from '../../src/core/events.ts';
import { IpvsSettings } from '../../src/daemon/ipvs-settings.ts';
import type { DataPlane, Timeouts } from '../../src/ipvs/plane.ts';

const KERNEL: Timeouts = { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 };
const NONE: Timeouts = { tcpSeconds: 0, tcpFinSeconds: 0, udpSeconds: 0 };

function begin(more: object = {}) {
  const set: Timeouts[] = [];
  const said: Notice[] = [];
  const plane = {
    engine: 'kernel',
    readInfo: async () => ({ version: '', connectionTableSize: 0, timeouts: set.at(-1) ?? KERNEL }),
    changeTimeouts: async (timeouts: Timeouts) => void set.push(timeouts),
    ...more,
  } as unknown as DataPlane;
  return { settings: new IpvsSettings(plane, (notice) => said.push(notice)), set, said };
}

test('what is given is set, the rest stays, and all of it comes back', async () => {
  const { settings, set } = begin();
  await settings.apply({ ...NONE, tcpSeconds: 60 });
  await settings.apply({ ...NONE, tcpSeconds: 60 });
  await settings.apply({ ...NONE, udpSeconds: 5 });
  await settings.apply(undefined);
  expect(set).toEqual([{ ...KERNEL, tcpSeconds: 60 }, { ...KERNEL, udpSeconds: 5 }, KERNEL]);
});

test('what a balancer that died had found comes back, not what it had set', async () => {
  const died = begin();
  await died.settings.apply({ ...NONE, tcpSeconds: 60 });
  const { settings, set } = begin({ readInfo: async () => ({ timeouts: died.set.at(-1) }) });
  settings.adopt(died.settings.original);
  await settings.apply({ ...NONE, tcpSeconds: 60 });
  await settings.apply(undefined);
  expect(set.at(-1)).toEqual(KERNEL);
});

test('nothing given, nothing done', async () => {
  const { settings, set, said } = begin();
  await settings.apply(undefined);
  expect([set, said]).toEqual([[], []]);
});

test('the buffer is asked for when the file says another, and less than that is told', () => {
  const asked: unknown[] = [];
  const keepBuffer = (wanted: { bytes: number } | undefined) => {
    asked.push(wanted);
    return 4096;
  };
  const { settings, said } = begin({ keepBuffer });
  settings.keepBuffer(undefined);
  settings.keepBuffer({ bytes: 4096, forced: false });
  settings.keepBuffer({ bytes: 4096, forced: false });
  expect(said).toEqual([]);
  settings.keepBuffer({ bytes: 9999, forced: false });
  settings.keepBuffer(undefined);
  expect(asked).toEqual([{ bytes: 4096, forced: false }, { bytes: 9999, forced: false }, undefined]);
  expect(said.map(({ event, fields }) => [event, fields?.bytes, fields?.asked])).toEqual([
    ['netlink.buffer', 4096, 9999],
  ]);
});
