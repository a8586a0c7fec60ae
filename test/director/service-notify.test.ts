// Who is told of virtual and real servers, and in which words.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { isTold, servicePipeLine, serviceProgram } from '../../src/director/service-notify.ts';
import { planNotify } from './notify-plan.ts';

const { configuration } = readConfiguration([
  {
    name: 'x.conf',
    text: `global_defs {
  script_user nobody
  lvs_notify_fifo /run/lvs
  rs_init_notifies
}
virtual_server 10.0.0.50 80 {
  protocol TCP
  quorum_up "/bin/up a" root
  quorum_down /bin/down
  sorry_server 10.1.0.99 80
  real_server 10.1.0.21 80 {
    notify_up /bin/rs-up
  }
}
virtual_server fwmark 7 {
  omega
  real_server 10.1.0.21 0 {
    notify_down "/bin/rs-down 'all of it'"
  }
}
virtual_server 10.0.0.50 81 {
  protocol TCP
  real_server 10.1.0.21 81 {
  }
}
`,
  },
]);
const plan = planNotify(configuration);
const WEB = 'TCP 10.0.0.50:80';

test('only services of which there is something to tell are in the plan', () => {
  expect(Object.keys(plan.services)).toEqual([WEB, 'FWM 7']);
  expect(plan.initialServers).toBe(true);
  expect(plan.pipes).toEqual([{ path: '/run/lvs', hears: 'services' }]);
});

test('programs get no argument beside their own', () => {
  const of = (service: string, up: boolean, server?: string) =>
    serviceProgram(
      { service, up, isFirst: false, ...(server === undefined ? {} : { server }) },
      plan.services[service],
    );
  expect(of(WEB, true)).toEqual({ argv: ['/bin/up', 'a'], user: 'root' });
  expect(of(WEB, false)).toEqual({ argv: ['/bin/down'], user: 'nobody' });
  expect(of(WEB, true, '10.1.0.21:80')).toEqual({ argv: ['/bin/rs-up'], user: 'nobody' });
  expect(of(WEB, false, '10.1.0.21:80')).toBeUndefined();
  expect(of('FWM 7', false, '10.1.0.21:0')?.argv).toEqual(['/bin/rs-down', 'all of it']);
});

test.each([
  [{ service: WEB, up: true }, 'VS [10.0.0.50]:tcp:80 UP'],
  [{ service: WEB, server: '10.1.0.21:80', up: false }, 'RS [10.1.0.21]:tcp:80 [10.0.0.50]:tcp:80 DOWN'],
  [
    { service: 'UDP [fd00::50]:53', server: '[fd00::21]:53', up: true },
    'RS [fd00::21]:udp:53 [fd00::50]:udp:53 UP',
  ],
  [{ service: 'FWM 7', up: false }, 'VS FWM 7 DOWN'],
  [{ service: 'FWM 7 IPv6', server: '10.1.0.21:0', up: true }, 'RS [10.1.0.21]:none:0 FWM 7 UP'],
  [{ service: 'group web TCP', server: '10.1.0.21:80', up: true }, 'RS [10.1.0.21]:tcp:80 [web]:0 UP'],
])('%j in a pipe', (happening, line) => {
  expect(servicePipeLine({ ...happening, isFirst: false })).toBe(`${line}\n`);
});

describe('what counts as something that happened', () => {
  const told = (service: string, what: object, isStopping = false, initialServers = false) =>
    isTold({ service, up: true, isFirst: true, ...what }, plan.services[service], {
      initialServers,
      isStopping,
    });
  test('at the start: a quorum that is reached; one that is not, when a sorry server stands in', () => {
    expect(told('TCP 10.0.0.50:81', {})).toBe(true);
    expect(told('TCP 10.0.0.50:81', { up: false })).toBe(false);
    expect(told(WEB, { up: false })).toBe(true);
  });
  test('servers that are up from the start only with rs_init_notifies', () => {
    expect(told(WEB, { server: 'any' })).toBe(false);
    expect(told(WEB, { server: 'any' }, false, true)).toBe(true);
  });
  test('the end of the director only with omega', () => {
    expect(told(WEB, { up: false, isFirst: false }, true)).toBe(false);
    expect(told('FWM 7', { up: false, isFirst: false, server: 'any' }, true)).toBe(true);
  });
});
