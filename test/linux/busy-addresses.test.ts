// Thousands of addresses come and go while they are read: the kernel calls each answer torn. What follows the
// machine's interfaces must live through that, and know the truth when it is over.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Links } from '../../src/linux/elector/links.ts';
import { EnvironmentReader } from '../../src/linux/engine/environment.ts';
import { CLONE, unshare } from '../../src/linux/libc.ts';
import { NetlinkSocket } from '../../src/linux/netlink-socket.ts';
import { NETLINK_ROUTE } from '../../src/netlink/route.ts';

const ADDRESSES = 3000;
const OWN = '10.9.0.1';
const scratch = mkdtempSync(join(tmpdir(), 'lvs-busy-'));
const batch = (verb: 'add' | 'del') => {
  const file = join(scratch, verb);
  const lines = Array.from(
    { length: ADDRESSES },
    (_, i) => `addr ${verb} 10.8.${Math.floor(i / 250)}.${1 + (i % 250)}/32 dev busy\n`,
  );
  writeFileSync(file, lines.join(''));
  return file;
};

beforeAll(() => {
  unshare(CLONE.NEWNET);
  const ip = (words: string) => execFileSync('ip', words.split(' '));
  ip('link add busy type veth peer name other');
  for (const device of ['lo', 'busy', 'other']) ip(`link set ${device} up`);
  ip(`addr add ${OWN}/24 dev busy`);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Calls `look` as fast as it goes while addresses come and go; answers how often. */
async function during(rounds: number, look: () => void): Promise<number> {
  const round = `ip -batch ${batch('add')}; ip -batch ${batch('del')}`;
  const script = `for n in $(seq ${rounds}); do ${round}; done`;
  const child = spawn('sh', ['-ec', script], { stdio: 'inherit' });
  let looks = 0;
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let code: number | null | undefined;
  ended.then((value) => (code = value));
  while (code === undefined) {
    look();
    looks++;
    await sleep(1);
  }
  expect(code).toBe(0);
  return looks;
}

test('the elector’s picture of addresses is whole in the end, and lacks none meanwhile', async () => {
  const links = new Links(new NetlinkSocket(NETLINK_ROUTE));
  // Too small for a burst: what is lost is looked for in a table that changes.
  links.keepBuffer({ bytes: 4096, forced: false });
  const gone = new Set<string>();
  const looks = await during(4, () => {
    for (const { address } of links.read().gone) gone.add(address);
    expect(links.electorLink('busy')!.addresses).toContain(OWN);
  });
  expect(looks).toBeGreaterThan(20);
  expect(gone).not.toContain(OWN);
  for (let n = 0; n < 100 && links.electorLink('busy')!.addresses.length > 2; n++) {
    execFileSync('ip', ['addr', 'add', '10.9.0.2/24', 'dev', 'busy']);
    execFileSync('ip', ['addr', 'del', '10.9.0.2/24', 'dev', 'busy']);
    links.read();
  }
  const ofIpv4 = links.electorLink('busy')!.addresses.filter((address) => !address.includes(':'));
  expect(ofIpv4).toEqual([OWN]);
  links.close();
});

test('the engine reads its environment now and then, and has the last word of the kernel', async () => {
  const reader = new EnvironmentReader();
  const nowMs = () => performance.now();
  expect(reader.news(nowMs())?.interfaces.map(({ name }) => name)).toContain('busy');
  let news = 0;
  const startedMs = nowMs();
  await during(4, () => {
    reader.noteEvents();
    if (reader.news(nowMs()) !== undefined) news++;
  });
  expect(news).toBeLessThanOrEqual(1 + (nowMs() - startedMs) / 100);
  await sleep(150);
  reader.noteEvents();
  const busy = reader.news(nowMs())!.interfaces.find(({ name }) => name === 'busy')!;
  expect(busy.addresses.map(({ address }) => address)).toContain(OWN);
  expect(busy.addresses.length).toBeLessThan(5);
  expect(reader.nextMs).toBe(Number.POSITIVE_INFINITY);
  reader.close();
});
