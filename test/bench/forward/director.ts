// The engine as the bench's forwarder: owns a virtual address of each family with a NAT and a direct routing
// service for UDP, says `ready`, and forwards until its input ends. A line of input is answered by what the
// engine has counted. `director.ts CAPACITY VIP SERVER [VIP SERVER…]`.
import { createInterface } from 'node:readline';
import { type Address, address, familyOf } from '../../../src/core/address.ts';
import type { Forwarding } from '../../../src/ipvs/model.ts';
import { openEmbeddedPlane } from '../../../src/linux/engine/plane.ts';

const [capacity, ...addresses] = process.argv.slice(2);
const plane = await openEmbeddedPlane({
  capacity: Number(capacity),
  onNotice: (notice) => console.error(notice.message),
  onLost: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});
type Wanted = { vip: Address; server: Address; port: number; forwarding: Forwarding; serverPort: number };

async function serve({ vip, server: realServer, port, forwarding, serverPort }: Wanted): Promise<void> {
  const service = {
    protocol: 'UDP',
    address: vip,
    port,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: familyOf(vip) === 4 ? 32 : 128,
    onePacket: false,
  } as const;
  const server = {
    address: realServer,
    port: serverPort,
    forwarding,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  const failures = await plane.apply([
    { do: 'addService', service },
    { do: 'addServer', service, server },
  ]);
  if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join());
}
const owned = [];
for (let i = 0; i < addresses.length; i += 2) {
  const [vip, server] = [address(addresses[i]!), address(addresses[i + 1]!)];
  await serve({ vip, server, port: 53, forwarding: 'NAT', serverPort: 5300 });
  await serve({ vip, server, port: 54, forwarding: 'DR', serverPort: 54 });
  owned.push({ address: vip, prefixLength: familyOf(vip) === 4 ? 24 : 64, interface: 'in0', vrid: 51 });
}
await plane.own(owned);
console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await plane.readStatistics()));
}
await plane.close();
