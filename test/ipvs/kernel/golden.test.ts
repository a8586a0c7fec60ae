// Dumps of a real kernel (Linux 6.1.176), made there by `ipvsadm`, taken apart: the format is the kernel's,
// not our idea of it.
import { expect, test } from 'vitest';
import { decodeDaemon, decodeServer, decodeService } from '../../../src/ipvs/kernel/answers.ts';
import { commandRequest } from '../../../src/ipvs/kernel/requests.ts';
import type { Message } from '../../../src/netlink/message.ts';

const hex = (...lines: string[]): Message => ({
  type: 0x1c,
  flags: 2,
  sequence: 1,
  port: 0,
  payload: Buffer.from(lines.join(''), 'hex'),
});
const ZERO = { connections: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };

// -A -t 10.0.0.100:80 -s sh -b sh-fallback,sh-port -p 300 -M 255.255.255.0
const SERVICE = hex(
  '010100005401010006000100020000000600020006000000140003000a00006400000000000000000000000006000400',
  '0050000007000600736800000c0007001b000000ffffffff080008002c01000008000900ffffff0060000a0008000100',
  '00000000080002000000000008000300000000000c000400000000000000000004000b000c0005000000000000000000',
  '080006000000000008000700000000000800080000000000080009000000000008000a0000000000a0000c000c000100',
  '000000000000000004000b000c000200000000000000000004000b000c000300000000000000000004000b000c000400',
  '000000000000000004000b000c000500000000000000000004000b000c000600000000000000000004000b000c000700',
  '000000000000000004000b000c000800000000000000000004000b000c000900000000000000000004000b000c000a00',
  '0000000000000000',
);
// -a -t 10.0.0.100:80 -r 10.1.0.21:80 -g -w 3 -x 90 -y 50
const SERVER = hex(
  '050100007c010200140001000a0100150000000000000000000000000600020000500000080003000300000008000400',
  '0300000005000d000000000006000e000000000006000f0000000000080005005a000000080006003200000008000700',
  '000000000800080000000000080009000000000006000b000200000064000a0008000100000000000800020000000000',
  '080003000000000004000b000c000400000000000000000004000b000c00050000000000000000000800060000000000',
  '08000700000000000800080000000000080009000000000008000a0000000000a0000c000c0001000000000000000000',
  '04000b000c000200000000000000000004000b000c000300000000000000000004000b000c0004000000000000000000',
  '04000b000c000500000000000000000004000b000c000600000000000000000004000b000c0007000000000000000000',
  '04000b000c000800000000000000000004000b000c000900000000000000000004000b000c000a000000000000000000',
);
// -A -f 7 -s wlc
const MARKED = hex(
  '010100003c0101000600010002000000080005000700000008000600776c63000c00070002000000ffffffff08000800',
  '0000000008000900ffffffff64000a0008000100000000000800020000000000080003000000000004000b000c000400',
  '000000000000000004000b000c0005000000000000000000080006000000000008000700000000000800080000000000',
  '080009000000000008000a0000000000a0000c000c000100000000000000000004000b000c0002000000000000000000',
  '04000b000c000300000000000000000004000b000c000400000000000000000004000b000c0005000000000000000000',
  '04000b000c000600000000000000000004000b000c000700000000000000000004000b000c0008000000000000000000',
  '04000b000c000900000000000000000004000b000c000a000000000000000000',
);
// --start-daemon master --mcast-interface d0 --syncid 51 --sync-maxlen 1400 --mcast-group 224.0.0.82
// --mcast-port 8850 --mcast-ttl 3
const MASTER = hex(
  '090100003c00030008000100010000000700020064300000080003003300000006000400780500000600070092220000',
  '050008000300000008000500e0000052',
);
// --start-daemon backup --mcast-interface d0 --syncid 52 --mcast-group ff02::88
const BACKUP = hex(
  '090100004800030008000100020000000700020064300000080003003400000006000400ac0500000600070090220000',
  '050008000100000014000600ff020000000000000000000000000088',
);

test('a service with flags and persistence', () => {
  expect(decodeService(SERVICE)).toEqual({
    ok: true,
    value: {
      head: {
        protocol: 'TCP',
        address: '10.0.0.100',
        port: 80,
        scheduler: 'sh',
        schedulerFlags: 0x18,
        persistenceSeconds: 300,
        persistencePrefix: 24,
        onePacket: false,
      },
      counters: ZERO,
    },
  });
});

test('a server with thresholds', () => {
  const connections = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };
  expect(decodeServer(SERVER, 4)).toEqual({
    ok: true,
    value: {
      server: {
        address: '10.1.0.21',
        port: 80,
        forwarding: 'DR',
        weight: 3,
        upperThreshold: 90,
        lowerThreshold: 50,
      },
      counters: { ...ZERO, ...connections },
    },
  });
});

test('a service by firewall mark is passed over', () => {
  expect(decodeService(MARKED)).toEqual({ ok: true, value: undefined });
});

test('sync threads, and that the command for the same one carries the same attributes', () => {
  const master = decodeDaemon(MASTER);
  expect(master).toEqual({
    ok: true,
    value: { role: 'master', interface: 'd0', id: 51, maxlen: 1400, port: 8850, ttl: 3, group: '224.0.0.82' },
  });
  const backup = decodeDaemon(BACKUP);
  expect(backup).toEqual({
    ok: true,
    value: { role: 'backup', interface: 'd0', id: 52, maxlen: 1452, port: 8848, ttl: 1, group: 'ff02::88' },
  });
  for (const [decoded, golden] of [
    [master, MASTER],
    [backup, BACKUP],
  ] as const) {
    if (!decoded.ok) throw new Error(decoded.drop);
    const { payload } = commandRequest(0x1c, { do: 'startSync', daemon: decoded.value });
    expect(attributes(payload)).toEqual(attributes(golden.payload));
  }
});

/** Those inside the daemon attribute as hex, without regard to their order or the flag for nesting. */
function attributes(payload: Buffer): string[] {
  const found: string[] = [];
  for (let at = 8; at < payload.length; at += (payload.readUInt16LE(at) + 3) & ~3) {
    found.push(payload.toString('hex', at, at + payload.readUInt16LE(at)));
  }
  return found.sort();
}
