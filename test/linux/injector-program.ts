// In a network namespace of its own: a socket that listens as the kernel's backup thread does, with little
// room, and what gets there by the injector; without a packet filter, with one, and after it. One JSON line.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injector } from '../../src/linux/sync/injector.ts';
import { DEVICE, DEVICE_ADDRESS, TO_KERNEL } from '../../src/linux/sync/kernel-device.ts';

const DATAGRAMS = 300;
const BYTES = 9000;
const ROOM_BYTES = 100_000;
const LIMIT_MS = 30_000;

const heard = new Set<number>();
// Not every machine of ours has dummies.
for (const words of [
  'link set lo up',
  `link add ${DEVICE} mtu 65535 type veth peer name other`,
  `addr add ${DEVICE_ADDRESS}/31 dev ${DEVICE}`,
  `link set ${DEVICE} up`,
])
  execFileSync('ip', words.split(' '));
const [{ ifindex: interfaceIndex }] = JSON.parse(
  execFileSync('ip', ['-j', 'link', 'show', 'dev', DEVICE], { encoding: 'utf8' }),
);
const thread = createSocket({ type: 'udp4', reuseAddr: true });
thread.on('message', (bytes) => heard.add(bytes.readUInt32BE()));
thread.bind(TO_KERNEL.port, TO_KERNEL.group);
await once(thread, 'listening');
thread.addMembership(TO_KERNEL.group, DEVICE_ADDRESS);
thread.setRecvBufferSize(ROOM_BYTES);

const complaints: string[] = [];
const injector = new Injector(interfaceIndex, (reason) => complaints.push(reason));
const taken = new Set<number>();
const early: number[] = [];
function offer(id: number): void {
  const datagram = Buffer.alloc(BYTES);
  datagram.writeUInt32BE(id);
  injector.offer(id, datagram);
}
async function runUntil(isDone: () => boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!isDone() && performance.now() < endMs) {
    const ids = injector.run();
    for (const id of ids) taken.add(id);
    await sleep(1);
    early.push(...ids.filter((id) => !heard.has(id)));
  }
}

for (let id = 1; id <= DATAGRAMS; id++) offer(id);
await runUntil(() => taken.size === DATAGRAMS);
const { repeated } = injector;
execFileSync('nft', [
  `table ip f { chain c { type filter hook input priority 0; iifname "${DEVICE}" drop; }; }`,
]);
offer(DATAGRAMS + 1);
await runUntil(() => complaints.length > 0);
const filtered = { heard: heard.has(DATAGRAMS + 1), taken: taken.has(DATAGRAMS + 1) };
execFileSync('nft', ['delete table ip f']);
await runUntil(() => taken.has(DATAGRAMS + 1));
injector.close();
const result = { heard: heard.size, taken: taken.size, early, repeated, complaints, filtered };
console.log(JSON.stringify(result));
process.exit(0);
