// In a network namespace of its own: a socket that listens as the kernel's backup thread does, and what
// reaches it from this user and from nobody, without the guard, with it, and after it. One JSON line.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guard } from '../../src/linux/sync/guard.ts';
import { DEVICE, TO_KERNEL } from '../../src/linux/sync/kernel-device.ts';

const NOBODY = 65_534;
const OWN = '10.99.0.1';
for (const words of [
  'link set lo up',
  `link add ${DEVICE} type veth peer name other`,
  `addr add ${OWN}/24 dev ${DEVICE}`,
  `link set ${DEVICE} up`,
])
  execFileSync('ip', words.split(' '));

const heard: string[] = [];
const listener = createSocket({ type: 'udp4', reuseAddr: true });
listener.on('message', (bytes) => heard.push(bytes.toString()));
listener.bind(TO_KERNEL.port, TO_KERNEL.group);
await once(listener, 'listening');
listener.addMembership(TO_KERNEL.group, OWN);

const SEND = `
const socket = require('node:dgram').createSocket('udp4');
socket.bind(0, () => {
  socket.setMulticastInterface('${OWN}');
  socket.send(String(process.geteuid()), ${TO_KERNEL.port}, '${TO_KERNEL.group}', () => socket.close());
});`;
async function heardFrom(): Promise<string[]> {
  heard.length = 0;
  for (const uid of [process.geteuid!(), NOBODY])
    execFileSync(process.execPath, ['-e', SEND], { uid, cwd: '/' });
  await sleep(200);
  return heard.toSorted();
}

const guard = new Guard();
const without = await heardFrom();
const refused = guard.raise();
const withIt = await heardFrom();
const rules = execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).replaceAll('\t', '  ');
guard.lower();
const after = await heardFrom();
console.log(JSON.stringify({ own: String(process.geteuid!()), without, refused, withIt, after, rules }));
process.exit(0);
