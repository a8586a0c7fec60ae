// Settings of a `bfd_instance` → its typed form.
import { familyOf } from '../../core/address.ts';
import type { Located } from '../../core/diagnostic.ts';
import type { BfdInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { BFD_INSTANCE } from '../schema/bfd.ts';
import { last, type Settings, settled } from '../settings.ts';

const USUAL_HOP_LIMIT = { 4: 255, 6: 64 } as const;
const ANY_HOPS = 255;

/** Undefined when something is missing without which there is no session. */
export function composeBfd(
  name: Located<string>,
  body: Settings<typeof BFD_INSTANCE>,
  report: Report,
): BfdInstance | undefined {
  const neighbour = last(body, 'neighbor_ip') ?? last(body, 'neighbour_ip');
  const source = last(body, 'source_ip');
  if (neighbour === undefined) {
    if (report.compat || !body.wrong.some((word) => word.startsWith('neighbo')))
      report.add('CFG_INCOMPLETE', body.at, 'this bfd_instance has no neighbor_ip');
    return undefined;
  }
  const family = familyOf(neighbour.value);
  if (source !== undefined && familyOf(source.value) !== family) {
    report.add('CFG_CONTRADICTION', source.at, `the neighbour is IPv${family}, and ${source.value} is not`);
    return undefined;
  }
  const hopLimit = last(body, family === 4 ? 'ttl' : 'hoplimit')?.value ?? USUAL_HOP_LIMIT[family];
  const maxHops = settled(body, 'max_hops').value;
  const { weight, reverse } = last(body, 'weight')?.value ?? { weight: 0, reverse: false };
  return {
    name,
    neighbour,
    ...(source === undefined ? {} : { source }),
    minRxMs: settled(body, 'min_rx').value,
    minTxMs: settled(body, 'min_tx').value,
    idleTxMs: settled(body, 'idle_tx').value,
    multiplier: settled(body, 'multiplier').value,
    passive: last(body, 'passive') !== undefined,
    hopLimit,
    maxHops: maxHops < 0 ? ANY_HOPS : maxHops,
    multihop: last(body, 'multihop') !== undefined,
    tellsVrrp: tellsVrrp(body),
    weight,
    reverse,
  };
}

/** Without a word of it everybody hears of it. As in keepalived, one that VRRP does not cannot be tracked. */
export function tellsVrrp(body: Settings<typeof BFD_INSTANCE>): boolean {
  return last(body, 'vrrp') !== undefined || last(body, 'checker') === undefined;
}
