// What a virtual router watches, entry by entry: interfaces, scripts, files, processes, BFD sessions.
import type { Located } from '../../core/diagnostic.ts';
import type { Arguments } from '../arguments.ts';
import { keyword, list } from './block.ts';
import { inOrder, type Options, options } from './options.ts';
import { inParts, integer, interfaceName, located, name, nothing, type Shape } from './shape.ts';

type Direction = { weight?: Located<number>; reverse?: Located<unknown>; noreverse?: Located<unknown> };
/** `NAME [weight N [reverse|noreverse]]`. */
export type TrackedName = { name: Located<string>; weight?: Located<number>; reverse: boolean };

/** keepalived 2.2.7 takes this much of files and processes, and 253 of what else is watched. */
const MOST = { file: 254, other: 253 };

function weighted(most: number) {
  return options({
    weight: keyword(integer(-most, most), 'change the priority by so much instead of going to FAULT'),
    reverse: keyword(nothing, 'turn the sign of the weight'),
    noreverse: keyword(nothing, 'the default'),
  } as const satisfies Options);
}

const interfaceOptions = options({
  weight: keyword(
    integer(-MOST.other, MOST.other),
    'instead of FAULT: added to the priority while the interface is up, a negative one while it is down',
  ),
  reverse: keyword(nothing, 'turn the sign of the weight'),
  noreverse: keyword(nothing, 'the default'),
} as const satisfies Options);

type TrackedInterface = { interface: Located<string>; weight?: Located<number>; reverse: boolean };

/** `IF [weight N [reverse|noreverse]]`. */
const trackedInterface: Shape<TrackedInterface> = {
  syntax: `INTERFACE ${interfaceOptions.syntax}`,
  line: true,
  ...inParts({ interface: interfaceName }, 1),
  example: 'eth1',
  options: interfaceOptions.options,
  read(words) {
    const device = located(interfaceName).read(words);
    if (device === undefined) return undefined;
    const values = interfaceOptions.read(words);
    reportDirection(values, words);
    const { weight, reverse } = values ?? {};
    return { interface: device, ...(weight === undefined ? {} : { weight }), reverse: reverse !== undefined };
  },
};

function trackedName(most: number, ...refersTo: readonly string[]): Shape<TrackedName> {
  const { read: _, print: __, plain: ___, ...entry } = inOrder({ name }, 1, weighted(most));
  const options = weighted(most);
  return {
    ...entry,
    refersTo,
    read(words) {
      const named = located(name).read(words);
      if (named === undefined) return undefined;
      const values = options.read(words);
      reportDirection(values, words);
      const { weight, reverse } = values ?? {};
      return { name: named, ...(weight === undefined ? {} : { weight }), reverse: reverse !== undefined };
    },
  };
}

/** keepalived takes the direction only right behind the weight that it turns. */
function reportDirection(values: Direction | undefined, words: Arguments): void {
  const direction = values?.reverse ?? values?.noreverse;
  if (direction === undefined || values?.weight !== undefined) return;
  words.complain(
    'CFG_CONTRADICTION',
    direction.at,
    'there is no weight that it could turn',
    'write `weight N reverse`',
  );
}

export const TRACK_INTERFACE = list('track_interface', trackedInterface);
export const TRACKS = {
  track_script: list('track_script', trackedName(MOST.other, 'vrrp_script')),
  track_file: list('track_file', trackedName(MOST.file, 'track_file', 'vrrp_track_file')),
  track_process: list('track_process', trackedName(MOST.file, 'vrrp_track_process')),
  track_bfd: list('track_bfd', trackedName(MOST.other, 'bfd_instance')),
};
