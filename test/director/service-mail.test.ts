// Who is mailed of virtual and real servers, and in which words: keepalived 2.2.7's subjects and defaults
// (keepalived.conf(5): of a virtual server no, of a real one yes, unless the file says otherwise).
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { recordDiagnostics } from '../../src/config/render.ts';
import { serviceMail } from '../../src/director/service-notify.ts';
import { planNotify } from './notify-plan.ts';

const WEB = 'TCP 10.0.0.50:80';
const RS = '10.1.0.21:80';
const RELAY = 'smtp_server 10.0.0.25\n notification_email {\n  ops@example.net\n }';

function read(global: string, ofService = '', ofServer = '') {
  const text = `global_defs {\n ${global}\n}\nvirtual_server 10.0.0.50 80 {\n protocol TCP\n ${ofService}
 lvs_sched rr\n lvs_method NAT\n real_server 10.1.0.21 80 {\n weight 1\n ${ofServer}\n }\n}\n`;
  const { configuration, diagnostics, sources } = readConfiguration([{ name: 'x.conf', text }]);
  const listener = planNotify(configuration).services[WEB];
  const mail = (up: boolean, server?: string, isStopping = false) =>
    serviceMail(
      { service: WEB, up, isFirst: false, ...(server === undefined ? {} : { server }) },
      listener,
      isStopping,
    );
  return {
    mail,
    who: [...(mail(true) ? ['service'] : []), ...(mail(true, RS) ? ['server'] : [])],
    said: recordDiagnostics(sources, diagnostics).map(({ code, message }) => `${code} ${message}`),
  };
}

test.each([
  ['nothing is said', RELAY, '', '', ['server']],
  ['everything', `${RELAY}\n smtp_alert`, '', '', ['service', 'server']],
  ['nothing of checks', `${RELAY}\n smtp_alert\n smtp_alert_checker off`, '', '', []],
  ['of this service only', `${RELAY}\n smtp_alert off`, 'smtp_alert', '', ['service']],
  ['of this server only', `${RELAY}\n smtp_alert_checker off`, '', 'smtp_alert', ['server']],
  ['there is no relay', 'router_id A', '', '', []],
])('%s', (_, global, ofService, ofServer, who) => {
  expect(read(global, ofService, ofServer)).toMatchObject({ who, said: [] });
});

test('in keepalived’s words', () => {
  const { mail } = read(`${RELAY}\n smtp_alert`);
  expect(mail(true)).toEqual({
    subject: 'Virtualserver [10.0.0.50]:tcp:80 - UP',
    text: '=> Gained quorum <=\n',
  });
  expect(mail(false, RS)).toEqual({
    subject: 'Realserver [10.1.0.21]:tcp:80 of virtual server [10.0.0.50]:tcp:80 - DOWN',
    text: '=> TCP CHECK failed on service <=\n',
  });
  expect(mail(false, RS, true)?.text).toBe('=> Shutting down <=\n');
});

test('mail that nobody sends is told', () => {
  expect(read('router_id A', 'smtp_alert').said).toEqual([
    'CFG_EMPTY no mail is sent: there is no smtp_server',
  ]);
});
