// The engine as the bench's forwarder: owns one virtual address with a NAT and a direct routing service for
// UDP, says `ready`, and forwards until its input ends. `director.ts VIP SERVER`.
import { address } from '../../../src/core/address.ts';
import type { Forwarding } from '../../../src/ipvs/model.ts';
import { openEmbeddedPlane } from '../../../src/linux/engine/plane.ts';

const [vip, realServer] = process.argv.slice(2).map((text) => address(text));
const plane = await openEmbeddedPlane({
  onNotice: (notice) => console.error(notice.message),
  onLost: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});
async function serve(port: number, forwarding: Forwarding, serverPort: number): Promise<void> {
  const service = {
    protocol: 'UDP',
    address: vip!,
    port,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistenceSeconds: 0,
    persistencePrefix: 32,
    onePacket: false,
  } as const;
  const server = {
    address: realServer!,
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
await serve(53, 'NAT', 5300);
await serve(54, 'DR', 54);
await plane.own([{ address: vip!, prefixLength: 24, interface: 'in0', vrid: 51 }]);
console.log('ready');
process.stdin.resume().on('end', async () => {
  if (process.env.VERBOSE) console.error(JSON.stringify(await plane.readStatistics()));
  await plane.close();
});
