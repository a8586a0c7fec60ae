// What same-packets.ts tries: random forwarding methods, tunnels, packets, fragments and errors about them.
import fc from 'fast-check';
import type { Tunnel } from '../../../src/ipvs/model.ts';
import { type ExtensionName, GUE_PORT } from './pieces.ts';

export type Shape = { bytes: number; ttl: number; fragment: number; options: boolean; unchecked: boolean };
/** IPv6's: before the fragment header or behind it. */
type Extension = { name: ExtensionName; isBefore: boolean };
export type Step =
  | { do: 'up' | 'down'; shape: Shape; syn: boolean }
  /** A packet of `bytes` in fragments that carry `each`, in units of 8 bytes; maybe backwards. */
  | {
      do: 'pieces';
      way: 'up' | 'down';
      bytes: number;
      each: number;
      isBackwards: boolean;
      extension: Extension | undefined;
    }
  /** A router's word about the packet before: `about` = which way that went. */
  | { do: 'error'; about: 'up' | 'down'; type: number; code: number; damaged: boolean };
export type Setting = {
  family: 4 | 6;
  /** TUN only: the server is of the other family. */
  across: boolean;
  /** TUN only. */
  tunnel: Tunnel | null;
  forwarding: 'NAT' | 'DR' | 'TUN';
  protocol: 'TCP' | 'UDP' | 'SCTP';
  port: number;
  steps: Step[];
};

const shape: fc.Arbitrary<Shape> = fc.record({
  bytes: fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 1420, max: 1472 }),
    fc.integer({ min: 0, max: 1472 }),
  ),
  ttl: fc.constantFrom(64, 64, 64, 2, 1),
  fragment: fc.constantFrom(0x4000, 0x4000, 0),
  options: fc.boolean(),
  unchecked: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('up' as const, 'up' as const, 'down' as const),
      shape,
      syn: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pieces' as const),
      way: fc.constantFrom('up' as const, 'down' as const),
      bytes: fc.integer({ min: 100, max: 6000 }),
      each: fc.integer({ min: 8, max: 185 }),
      isBackwards: fc.boolean(),
      extension: fc.option(
        fc.record({
          name: fc.constantFrom<ExtensionName>('hopByHop', 'routing', 'destination'),
          isBefore: fc.boolean(),
        }),
        { nil: undefined },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('error' as const),
      about: fc.constantFrom('up' as const, 'down' as const),
      type: fc.constantFrom(3, 3, 11, 4, 5),
      code: fc.constantFrom(0, 1, 3, 4),
      damaged: fc.constantFrom(false, false, false, true),
    }),
  },
);
const TUNNELS = (['none', 'csum'] as const).flatMap((checksum): Tunnel[] => [
  { type: 'gre', checksum },
  { type: 'gue', port: GUE_PORT, checksum },
]);
export const setting: fc.Arbitrary<Setting> = fc.record({
  family: fc.constantFrom(4, 6),
  across: fc.boolean(),
  tunnel: fc.constantFrom(null, null, ...TUNNELS),
  forwarding: fc.constantFrom('NAT', 'DR', 'TUN'),
  protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'UDP', 'SCTP'),
  port: fc.integer({ min: 1024, max: 65_535 }),
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
});
