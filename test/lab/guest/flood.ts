// Many packets at once, each a UDP flow of its own: from the client's machine, that is as many connections of
// clients that nobody knows. What a full queue drops is lost, so fewer may come about.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH } from '../../../src/linux/engine/batch.ts';
import { PacketSocket } from '../../../src/linux/engine/packet-socket.ts';
import { pointerTo } from '../../../src/linux/libc.ts';
import { frame, VNET } from '../../ipvs/embedded/frames.ts';
import type { NodeName } from './addresses.ts';
import { inside } from './namespace.ts';

type Flood = {
  /** The client's eth0 unless given. */
  by?: { node: NodeName; device: string };
  to: string;
  port: number;
  mac: string;
  count: number;
  perSecond: number;
};

const CLIENT = { node: 'client', device: 'eth0' } as const;
const PORTS = 50_000;
const FIRST_PORT = 10_000;
/** Of the frame behind its virtio_net_hdr: Ethernet and IPv4. */
const SOURCE_PORT_AT = VNET + 14 + 20;
const PAUSE_MS = 10;

export async function flood({ by = CLIENT, to, port, mac, count, perSecond }: Flood): Promise<void> {
  const socket = inside(by.node, () => new PacketSocket(indexOf(by.device)));
  try {
    const startedAt = performance.now();
    for (let sent = 0; sent < count; ) {
      const from = `11.0.0.${Math.floor(sent / PORTS)}`;
      const segment = { protocol: 'UDP', from, fromPort: 0, to, toPort: port } as const;
      const template = frame({ ...segment, destinationMac: mac, unchecked: true });
      const frames = Buffer.concat(Array.from({ length: BATCH }, () => template));
      const address = Number(pointerTo(frames));
      const end = Math.min(count, (Math.floor(sent / PORTS) + 1) * PORTS);
      while (sent < end) {
        for (let slot = 0; slot < BATCH && sent < end; slot++, sent++) {
          frames.writeUInt16BE(FIRST_PORT + (sent % PORTS), slot * template.length + SOURCE_PORT_AT);
          socket.out.add(address + slot * template.length, template.length);
        }
        socket.out.flush(socket.fd);
        while (performance.now() - startedAt < (1000 * sent) / perSecond) await sleep(PAUSE_MS);
      }
    }
  } finally {
    socket.close();
  }
}

function indexOf(device: string): number {
  const { stdout } = spawnSync('ip', ['-j', 'link', 'show', 'dev', device], { encoding: 'utf8' });
  return JSON.parse(stdout)[0].ifindex;
}
