// A packet filter that comes before IPVS, and virtual servers whose packets it would drop.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';
import { placeOf, serverOfAddress } from '../selects.ts';

/** NF_IP_PRI_NAT_SRC - 1: where IPVS takes its packets from those that come in. */
const IPVS = 99;
const OWNER = 255;

export function checkFilter({ global, instances, virtualServers }: Configuration, report: Report): void {
  const { priority } = global.filter;
  if (priority === undefined || priority.value > IPVS) return;
  const serverOf = serverOfAddress(virtualServers);
  for (const instance of instances) {
    if (instance.refusesPackets === undefined || instance.priority.value === OWNER) continue;
    const vips = [...instance.virtualAddresses, ...instance.virtualAddressesExcluded];
    const served = vips.find(({ prefix }) => serverOf(prefix.value.address) !== undefined);
    if (served === undefined) continue;
    const { address } = served.prefix.value;
    report.add(
      'CFG_TWO_ROLES',
      priority.at,
      `no_accept of ${instance.name.value} drops packets to ${address} before IPVS (${IPVS}) sees them`,
      'leave nftables_priority out, or give one above 99: its virtual_server serves nobody else',
      [{ at: placeOf(serverOf(address)!.selects), message: 'the virtual_server is here' }],
    );
  }
}
