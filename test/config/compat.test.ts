// --compat: what becomes of services that keepalived complains about and runs. The values are keepalived
// 2.2.7's own, printed by -d on a machine with IPVS; those of instances are asked live in keepalived.test.ts.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';

const USUAL = 'lvs_sched rr\nlvs_method NAT\nprotocol TCP';

type Parts = { service?: string; server?: string; check?: string };

function read({ service = USUAL, server = '', check = '' }: Parts, compat = true) {
  const inner = `real_server 10.1.0.1 80 {\n${server}\nTCP_CHECK {\n${check}\n}\n}`;
  const text = `virtual_server 10.0.0.1 80 {\n${service}\n${inner}\n}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], { compat });
  return { service: configuration.virtualServers[0]!, diagnostics };
}

describe('with --compat', () => {
  test.each<[string, Parts, Record<string, unknown>]>([
    ['a number with a unit', { server: 'weight 5x' }, { weight: 5 }],
    ['no number at all', { service: `${USUAL}\nweight 7`, server: 'weight x' }, { weight: 0 }],
    ['a negative number', { server: 'weight -1' }, { weight: 1 }],
    ['too large a number', { server: 'weight 2147483648' }, { weight: 1 }],
    ['the weight of the service', { service: `${USUAL}\nweight 0` }, { weight: 1 }],
    ['a wrong one after a good one', { service: `${USUAL}\nweight 3\nweight bad` }, { weight: 3 }],
    ['thresholds', { server: 'uthreshold 7q\nlthreshold -1' }, { upper: 7, lower: 0 }],
    ['persistence 0', { service: `${USUAL}\npersistence_timeout 0` }, { persistence: 0 }],
    ['persistence with a unit', { service: `${USUAL}\npersistence_timeout 50x` }, { persistence: 0 }],
    ['persistence of a year', { service: `${USUAL}\npersistence_timeout 3000000` }, { persistence: 0 }],
    [
      'persistence 0 after 50',
      { service: `${USUAL}\npersistence_timeout 50\npersistence_timeout 0` },
      { persistence: 50 },
    ],
    ['persistence alone', { service: `${USUAL}\npersistence_timeout` }, { persistence: 360 }],
    ['delay_loop 0', { service: `${USUAL}\ndelay_loop 0` }, { delayLoopMs: 60_000 }],
    [
      'a wrong delay_loop after a good one',
      { service: `${USUAL}\ndelay_loop 10\ndelay_loop x` },
      { delayLoopMs: 10_000 },
    ],
    ['too many decimals', { service: `${USUAL}\ndelay_loop 10.0000009` }, { delayLoopMs: 10_000.001 }],
    ['retry of the service', { service: `${USUAL}\nretry 3x` }, { retry: 1 }],
    ['retry of the check', { check: 'retry 3x\nconnect_port 81x' }, { retry: 3, port: 81 }],
    ['retry 0', { check: 'retry 0\nconnect_timeout 0' }, { retry: 0, connectTimeoutMs: 5000 }],
    ['a negative delay', { check: 'delay_before_retry -1' }, { delayBeforeRetryMs: 1000 }],
    [
      'unknown words',
      { service: 'lvs_sched rrr\nlvs_method FOO\nprotocol ICMP' },
      { scheduler: 'wlc', forwarding: 'NAT', protocol: 'UDP' },
    ],
    [
      'unknown words after good ones',
      { service: `${USUAL}\nlvs_sched rrr\nlvs_method FOO\nprotocol x` },
      { scheduler: 'rr', forwarding: 'NAT', protocol: 'TCP' },
    ],
    ['a flag before its scheduler', { service: `sh-port\nlvs_sched sh\nprotocol TCP` }, { flags: [] }],
    ['ops of TCP', { service: `${USUAL}\nops` }, { ops: false }],
    [
      'a method with a word behind it',
      { service: 'lvs_sched rr\nlvs_method DR eth0\nprotocol TCP' },
      { forwarding: 'NAT' },
    ],
    ['the method of a server', { server: 'lvs_method FOO' }, { forwarding: 'NAT' }],
  ])('%s', (_, parts, expected) => {
    const { service, diagnostics } = read(parts);
    const [server] = service.realServers;
    const [check] = server!.checks;
    expect({
      weight: server!.weight.value,
      upper: server!.upperThreshold.value,
      lower: server!.lowerThreshold.value,
      persistence: service.persistenceSeconds.value,
      delayLoopMs: check!.delayLoopMs.value,
      retry: check!.retry.value,
      connectTimeoutMs: check!.connectTimeoutMs.value,
      delayBeforeRetryMs: check!.delayBeforeRetryMs.value,
      port: check!.connectPort?.value,
      scheduler: service.scheduler.value,
      forwarding: (server!.method ?? service.method).value.forwarding,
      protocol: service.protocol.value,
      flags: service.schedulerFlags.map(({ value }) => value),
      ops: service.onePacket.value,
    }).toMatchObject(expected);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

test('without it nothing is guessed', () => {
  const { service, diagnostics } = read({ server: 'weight 5x' }, false);
  expect(service.realServers[0]!.weight.value).toBe(1);
  expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['error CFG_VALUE']);
});

test("a flag before its scheduler is the operator's way to write it", () => {
  const { service, diagnostics } = read(
    { service: 'sh-port\nlvs_sched sh\nlvs_method NAT\nprotocol TCP' },
    false,
  );
  expect(service.schedulerFlags.map(({ value }) => value)).toEqual(['sh-port']);
  expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning CFG_ORDER']);
});

test('a time with a unit is left out, not microseconds as keepalived has it', () => {
  expect(
    read({ service: `${USUAL}\ndelay_loop 10s` }).service.realServers[0]!.checks[0]!.delayLoopMs.value,
  ).toBe(60_000);
});
