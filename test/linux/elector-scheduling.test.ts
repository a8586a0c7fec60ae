// How the kernel treats an elector whose file has words about it.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';
import { openAdvertSocket } from '../../src/linux/elector/advert-sockets.ts';
import { getsockoptInt, SO, SOL } from '../../src/linux/libc.ts';
import { DEVICE, type Ours, Pair, pause, until, VIP } from './elector-pair.ts';

let pair: Pair;
beforeAll(() => {
  pair = new Pair();
});
afterEach(() => pair.clear());
afterAll(() => pair.remove());

function file(global: string, words = ''): string {
  const head = `interface ${DEVICE}\nvirtual_router_id 51\nadvert_int 0.1\nversion 3`;
  const vips = `virtual_ipaddress {\n${VIP}/24\n}`;
  return `global_defs {\n${global}\n}\nvrrp_instance V {\n${head}\n${words}\n${vips}\n}\n`;
}
const planned = (text: string) => {
  const { configuration } = readConfiguration([{ name: 'file', text }]);
  return planElector(configuration!, 'kernel');
};

/** Of each thread: name, nice value, policy and priority (proc_pid_stat(5)), and its CPUs. */
function threads(ours: Ours) {
  const tasks = `/proc/${ours.child.pid}/task`;
  return readdirSync(tasks).map((id) => {
    const fields = readFileSync(`${tasks}/${id}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    const name = readFileSync(`${tasks}/${id}/comm`, 'utf8').trimEnd();
    const cpus = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`${tasks}/${id}/status`, 'utf8'))![1]!;
    return { name, nice: Number(fields[16]), priority: Number(fields[37]), cpus };
  });
}
const limit = (ours: Ours) =>
  /^Max realtime timeout\s+(\S+)\s+(\S+)/m
    .exec(readFileSync(`/proc/${ours.child.pid}/limits`, 'utf8'))!
    .slice(1);

test('one thread has the nice value and the CPUs, and a reload gives them back', async () => {
  const ours = pair.elector(planned(file('vrrp_priority -7\nvrrp_cpu_affinity 0')));
  await ours.is('MASTER');
  const special = threads(ours).filter(({ nice }) => nice === -7);
  expect(special).toEqual([{ name: 'lvs-elector', nice: -7, priority: 0, cpus: '0' }]);
  ours.send({ type: 'configure', settings: planned(file('')) });
  await until('the usual treatment', () =>
    threads(ours).every(({ nice, cpus }) => nice === 0 && cpus !== '0'),
  );
});

test('the words about BFD count for the thread that it is in, while it has sessions', async () => {
  const words = 'bfd_priority -4\nbfd_cpu_affinity 0\nbfd_process_name bfd\nbfd_rlimit_rttime 700000';
  const session = 'bfd_instance B {\nneighbor_ip 10.1.0.2\n}\n';
  const ours = pair.elector(planned(session + file(words)));
  await ours.is('MASTER');
  const special = threads(ours).filter(({ nice }) => nice === -4);
  expect(special).toEqual([{ name: 'bfd', nice: -4, priority: 0, cpus: '0' }]);
  expect(limit(ours)[0]).toBe('700000');
  const real = `${session}${file(`${words}\nbfd_rt_priority 7\nvrrp_rt_priority 3`)}`;
  ours.send({ type: 'configure', settings: planned(real) });
  await until('the priority', () =>
    threads(ours).some(({ name, priority }) => name === 'bfd' && priority === 7),
  );
  ours.send({ type: 'configure', settings: planned(file(`${words}\nvrrp_rt_priority 3`)) });
  await until('what VRRP alone asks for', () =>
    threads(ours).some(({ name, priority }) => name === 'lvs-elector' && priority === 3),
  );
  expect(threads(ours).filter(({ nice, cpus }) => nice !== 0 || cpus === '0')).toEqual([]);
  expect(limit(ours)[0]).not.toBe('700000');
});

test('vrrp_rlimit_rttime is there while the file says so, and its signal ends the director', async () => {
  const ours = pair.elector(planned(file('')));
  await ours.is('MASTER');
  const [before, hard] = limit(ours);
  const words = 'vrrp_rt_priority 5\nvrrp_rlimit_rttime 500000';
  ours.send({ type: 'configure', settings: planned(file(words)) });
  await until('the limit', () => limit(ours)[0] === '500000');
  expect(limit(ours)[1]).toBe(hard);
  expect(threads(ours).filter(({ priority }) => priority === 5)).toHaveLength(1);
  ours.send({ type: 'configure', settings: planned(file('')) });
  await until('the former limit', () => limit(ours)[0] === before);
  expect(ours.notices.filter((text) => text.includes('could not'))).toEqual([]);
  process.kill(ours.child.pid!, 'SIGXCPU');
  await ours.ended();
});

test('who compiles for a real-time elector goes before the rest, unless its time is limited', async () => {
  const helpers = (ours: Ours) =>
    threads(ours).flatMap(({ name, priority }) => (name === 'V8Worker' ? [priority] : []));
  const ours = pair.elector(planned(file('vrrp_rt_priority 5')));
  await ours.is('MASTER');
  expect(helpers(ours).length).toBeGreaterThan(0);
  expect(new Set(helpers(ours))).toEqual(new Set([1]));
  const limited = 'vrrp_rt_priority 5\nvrrp_rlimit_rttime 300000';
  ours.send({ type: 'configure', settings: planned(file(limited)) });
  await until('no priority of theirs', () => helpers(ours).every((priority) => priority === 0));
  expect(threads(ours).some(({ priority }) => priority === 5)).toBe(true);
});

test('max_auto_priority: who was stopped for a while asks for more', async () => {
  const ours = pair.elector(planned(file('max_auto_priority 2\nmin_auto_priority_delay 300000')));
  await ours.is('MASTER');
  for (const least of [1, 2]) {
    process.kill(ours.child.pid!, 'SIGSTOP');
    await pause(700);
    process.kill(ours.child.pid!, 'SIGCONT');
    // A busy machine may wake it late once more by itself.
    await until(`priority ${least}`, () => threads(ours).some(({ priority }) => priority >= least));
    // While it listens whether somebody else took over nothing is due that could be late.
    const heard = () => ours.notices.filter((text) => text.includes('no other master was heard'));
    await until('it is sure again', () => heard().length >= least);
  }
  const late = () => ours.notices.filter((text) => /woken \d+ ms late/.test(text));
  await until('both notices', () => late().length === 2);
});

/** The kernel keeps twice what it is asked for, and tells so. */
test('an advert socket keeps what it is told, and then what is usual again', () => {
  const socket = openAdvertSocket(4, { name: 'lo', index: 1 });
  const kept = () => getsockoptInt(socket.fd, SOL.SOCKET, SO.RCVBUF);
  const usual = kept();
  socket.keep(7200, 0);
  expect(kept()).toBe(2 * 7200);
  socket.keep(0, 7200);
  expect(kept()).toBe(usual);
  socket.keep(0, 2 * usual);
  expect(kept()).toBe(4 * usual);
  socket.close();
});
