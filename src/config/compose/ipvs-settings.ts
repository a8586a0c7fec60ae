// The blocks `ipvs` of director → what the file wants of IPVS's settings, in the kernel's numbers. Several
// say one thing together: the last word counts.
import type { SettingWords } from '../model-services.ts';
import type { DIRECTOR } from '../schema/director.ts';
import { IPVS_SETTINGS } from '../schema/ipvs-settings.ts';
import { all, last, type Settings } from '../settings.ts';

const NAMES = Object.keys(IPVS_SETTINGS.keywords) as (keyof typeof IPVS_SETTINGS.keywords)[];

export function composeIpvsSettings(settings: Settings<typeof DIRECTOR>): SettingWords {
  const blocks = all(settings, 'ipvs').map(({ body }) => body);
  const found = NAMES.flatMap((name) => {
    const word = blocks.map((body) => last(body, name)).findLast((one) => one !== undefined);
    return word === undefined ? [] : [[name, { at: word.at, value: Number(word.value) }] as const];
  });
  return Object.fromEntries(found);
}
