// What a director does by the states of its virtual routers.
import { describe, expect, test } from 'vitest';
import { address, addressBytes } from '../../src/core/address.ts';
import type { Plan } from '../../src/director/plan-document.ts';
import {
  holderOf,
  leavingAddresses,
  ownedAddresses,
  servedAddresses,
  serves,
  wantedSync,
  withLeaving,
} from '../../src/director/roles.ts';
import { encodeDatagrams } from '../../src/sync/encode.ts';
import type { ElectorSettings, InstanceSettings, State } from '../../src/vrrp/settings.ts';

const instance = (name: string, vrid: number, vip: string): InstanceSettings => ({
  name,
  interface: 'eth0',
  vrid,
  priority: 100,
  version: 3,
  advertMs: 1000,
  downAdverts: 3,
  checksumForm: 'pseudo-header',
  initialState: 'BACKUP',
  preempt: true,
  preemptDelayMs: 0,
  multicastGroup: address('224.0.0.18'),
  unicastPeers: [],
  vips: [{ address: address(vip), prefixLength: 24, interface: 'eth0', scope: 0 }],
  excludedVips: [{ address: address('fd00::50'), prefixLength: 128, interface: 'eth0', scope: 0 }],
  trackInterfaces: [],
  weightedInterfaces: [],
  tracks: [],
  garp: { delayMs: 0, repeat: 1, refreshMs: 0, refreshRepeat: 1 },
});
const settings: ElectorSettings = {
  instances: [instance('VI_1', 51, '10.0.0.50'), instance('VI_2', 52, '10.0.0.60')],
  realtimePriority: 0,
  leaseSeconds: 4,
  addresses: 'engine',
};
const states = (one: State, two: State) =>
  new Map([
    ['VI_1', one],
    ['VI_2', two],
  ]);

describe('virtual addresses are held by', () => {
  const none = new Map();
  const some = new Map([['TCP 10.0.0.50:80', {}]]) as unknown as Plan['pools'];
  test.each([
    ['the kernel that forwards', 'auto', some, 'kernel', 'kernel'],
    ['the engine that forwards', 'auto', some, 'embedded', 'engine'],
    ['the kernel where nothing is forwarded', 'auto', none, 'embedded', 'kernel'],
    ['the engine that the file asks for', 'embedded', none, 'embedded', 'engine'],
  ] as const)('%s', (_, asked, pools, engine, holder) => {
    const director = {
      engine: asked,
      drillHoldMs: 0,
      runtimeDirectory: '',
      control: '',
      recordings: 0,
      keepalivedNames: true,
    };
    expect(holderOf({ pools, director }, engine)).toBe(holder);
  });
});

test('what leaves the file has its addresses until it has handed over, or another one has them', () => {
  const [one, two] = settings.instances as [InstanceSettings, InstanceSettings];
  const shorter: ElectorSettings = { ...settings, instances: [two] };
  const roster = (state: State, before = settings, now = shorter) =>
    withLeaving(now, before, (name) => serves(states(state, 'MASTER').get(name)));
  const names = ({ instances }: ElectorSettings) => instances.map(({ name }) => name);
  expect(names(roster('MASTER'))).toEqual(['VI_1', 'VI_2']);
  // Another reload meanwhile; and back in the file.
  expect(names(roster('LEAVING', roster('MASTER')))).toEqual(['VI_1', 'VI_2']);
  expect(roster('LEAVING', roster('MASTER'), settings)).toBe(settings);
  expect(names(roster('INIT', roster('MASTER')))).toEqual(['VI_2']);
  const renamed = { ...settings, instances: [{ ...one, name: 'VI_3' }] };
  expect(names(roster('MASTER', settings, renamed)).at(-1)).toBe('VI_3');
});

test('an address is leaving when its instance left the file and still serves', () => {
  const now = { ...settings, instances: [settings.instances[0]!] };
  const leaving = (two: State, settled: ElectorSettings = now) =>
    [...leavingAddresses(settled, settings, (name) => serves(states('MASTER', two).get(name)))].sort();
  expect(leaving('MASTER')).toEqual(['10.0.0.60', 'fd00::50']);
  expect(leaving('LEAVING')).toEqual(['10.0.0.60', 'fd00::50']);
  expect(leaving('BACKUP')).toEqual([]);
  expect(leaving('MASTER', settings)).toEqual([]);
});

test('an engine answers for the addresses of masters, and of those who hand over', () => {
  const owned = (one: State, two: State) =>
    ownedAddresses(settings, states(one, two), new Set()).map((each) => each.address);
  expect(owned('BACKUP', 'FAULT')).toEqual([]);
  expect(owned('MASTER', 'BACKUP')).toEqual(['10.0.0.50', 'fd00::50']);
  expect(owned('LEAVING', 'MASTER')).toEqual(['10.0.0.50', 'fd00::50', '10.0.0.60', 'fd00::50']);
});

test('what was handed over a moment ago is still forwarded, and said to be so', () => {
  const owned = ownedAddresses(settings, states('BACKUP', 'MASTER'), new Set(['VI_1']));
  expect(owned.map(({ address, handedOver }) => [address, handedOver])).toEqual([
    ['10.0.0.50', true],
    ['fd00::50', true],
    ['10.0.0.60', false],
    ['fd00::50', false],
  ]);
});

const daemon = { interface: 'eth0', id: 51 };
test.each<[State, State, string | undefined]>([
  ['MASTER', 'BACKUP', 'master'],
  ['LEAVING', 'BACKUP', 'master'],
  ['BACKUP', 'MASTER', 'backup'],
  ['FAULT', 'BACKUP', 'backup'],
  ['INIT', 'MASTER', undefined],
])('the sync thread follows its instance: %s (other %s) → %s', (one, two, role) => {
  const wanted = wantedSync({ instance: 'VI_1', daemon }, states(one, two), new Set());
  expect(wanted?.map((each) => each.role)).toEqual(role === undefined ? undefined : [role]);
});

test('without an instance it is master while any instance serves; without a plan nothing runs', () => {
  expect(wantedSync({ daemon }, states('BACKUP', 'MASTER'), new Set())).toEqual([
    { role: 'master', ...daemon },
  ]);
  expect(wantedSync({ daemon }, states('BACKUP', 'BACKUP'), new Set())).toEqual([
    { role: 'backup', ...daemon },
  ]);
  expect(wantedSync(undefined, states('MASTER', 'MASTER'), new Set())).toEqual([]);
});

test.each<[State, State]>([
  ['BACKUP', 'MASTER'],
  ['MASTER', 'BACKUP'],
])('while it turns (to %s) an instance tells and listens', (one, other) => {
  const roles = (turning: string) =>
    wantedSync({ instance: 'VI_1', daemon }, states(one, other), new Set([turning]))?.map(({ role }) => role);
  expect(roles('VI_1')).toEqual(['master', 'backup']);
  expect(roles('VI_2')).toHaveLength(1);
});

describe('a node forwards for', () => {
  const bytes = (virtual: string, fwmark = 0) => {
    const [client, server] = [1, 2];
    const entry = {
      family: 4,
      protocol: 6,
      flags: 0,
      state: 1,
      clientPort: 1,
      virtualPort: 80,
      serverPort: 80,
      fwmark,
      timeoutSeconds: 900,
      client,
      virtual: addressBytes(address(virtual)).readUInt32BE(0),
      server,
    } as const;
    return encodeDatagrams({ syncId: 0, maxlen: 1472 }, [entry])[0]!;
  };
  const HEADER = 8;
  test.each([
    ['its own address, with either engine', 'kernel', ['MASTER', 'BACKUP'], '10.0.0.50', 0, true],
    ['not the other one’s', 'kernel', ['MASTER', 'BACKUP'], '10.0.0.60', 0, false],
    [
      'the kernel: an address of nobody, while it serves',
      'kernel',
      ['BACKUP', 'LEAVING'],
      '192.0.2.1',
      0,
      true,
    ],
    ['nothing while it does not serve', 'kernel', ['BACKUP', 'FAULT'], '192.0.2.1', 0, false],
    ['an engine: nothing that is nobody’s', 'embedded', ['MASTER', 'BACKUP'], '192.0.2.1', 0, false],
    ['marks, while it serves', 'embedded', ['MASTER', 'BACKUP'], '192.0.2.1', 7, true],
    ['no marks while it does not', 'kernel', ['BACKUP', 'BACKUP'], '192.0.2.1', 7, false],
  ] as const)('%s', (_, engine, [one, two], virtual, mark, expected) => {
    const now = states(one, two);
    const owned = ownedAddresses(settings, now, new Set());
    const served = servedAddresses(settings, engine, now, engine === 'kernel' ? [] : owned);
    expect(served.has(bytes(virtual, mark), HEADER)).toBe(expected);
  });
});
