// Which mails go out and what is in them. Expected is what keepalived 2.2.7 sent to a relay; test/daemon
// has both beside each other.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { mailOf } from '../../src/director/mail.ts';
import type { Happening } from '../../src/director/notify.ts';
import { planNotify } from './notify-plan.ts';

const RELAY = 'smtp_server 10.0.0.25 2525\nnotification_email {\nops@example.net\nnight@example.net\n}\n';

function read(global: string, instance = '', more = '') {
  const text = `global_defs {\n${global}\n}\nvrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51
virtual_ipaddress {\n10.0.0.50/24\n}\n${instance}\n}\n${more}`;
  return readConfiguration([{ name: 'a.conf', text }], {});
}
const plan = (...texts: Parameters<typeof read>) => planNotify(read(...texts).configuration);

function mails(word: Happening['word'], ...texts: Parameters<typeof read>) {
  const { instances, mail } = plan(...texts);
  return mailOf(instances[0]!, { kind: 'INSTANCE', name: 'VI_1', word, priority: 100 }, mail!);
}

test.each([
  ['MASTER', '=> VRRP Instance is now owning VRRP VIPs <=\n'],
  ['BACKUP', '=> VRRP Instance is no longer owning VRRP VIPs <=\n'],
  ['FAULT', '=> VRRP Instance is no longer owning VRRP VIPs <=\n'],
] as const)('an instance enters %s', (word, text) => {
  const subject = `VRRP Instance VI_1 - Entering ${word} state`;
  expect(mails(word, RELAY, 'smtp_alert')).toEqual({ subject, text });
});

test.each(['STOP', 'DELETED', 'MASTER_RX_LOWER_PRI', 'MASTER_PRIORITY'] as const)('no mail of %s', (word) => {
  expect(mails(word, RELAY, 'smtp_alert')).toBeUndefined();
});

test('a group has words of its own', () => {
  const { groups, mail } = plan(RELAY, '', 'vrrp_sync_group G {\ngroup {\nVI_1\n}\nsmtp_alert\n}\n');
  expect(mailOf(groups[0]!, { kind: 'GROUP', name: 'G', word: 'FAULT', priority: 0 }, mail!)).toEqual({
    subject: 'VRRP Group G - Entering FAULT state',
    text: '=> All VRRP group instances are now in FAULT state <=\n',
  });
});

test.each([
  ['nothing said', '', '', false],
  ['the instance says so', '', 'smtp_alert', true],
  ['all are mailed of', 'smtp_alert', '', true],
  ['all but this one', 'smtp_alert', 'smtp_alert off', false],
  ['all but VRRP', 'smtp_alert\nsmtp_alert_vrrp off', '', false],
  ['VRRP only', 'smtp_alert off\nsmtp_alert_vrrp', '', true],
])('%s', (_, global, instance, isMailed) => {
  expect(mails('MASTER', RELAY + global, instance) !== undefined).toBe(isMailed);
});

test('no_email_faults', () => {
  expect(mails('FAULT', `${RELAY}no_email_faults`, 'smtp_alert')).toBeUndefined();
  expect(mails('BACKUP', `${RELAY}no_email_faults`, 'smtp_alert')).toBeDefined();
});

test('everything that is said of the relay gets into the plan', () => {
  const names = 'router_id LVS_A\nnotification_email_from a@b\nsmtp_helo_name h';
  const global = `${RELAY}${names}\nsmtp_connect_timeout 5`;
  const own = 'director {\nnotify {\nsmtp_tls on\nsmtp_user u\nsmtp_password_file /etc/p\n}\n}\n';
  expect(plan(global, 'smtp_alert', own).mail).toEqual({
    host: '10.0.0.25',
    port: 2525,
    to: ['ops@example.net', 'night@example.net'],
    from: 'a@b',
    helo: 'h',
    routerId: 'LVS_A',
    timeoutMs: 5000,
    tellsFaults: true,
    tls: 'on',
    login: { user: 'u', passwordFile: '/etc/p' },
  });
});

test.each([
  ['no relay', 'smtp_alert', '', 'no mail is sent: there is no smtp_server'],
  [
    'nobody to tell',
    'smtp_server 10.0.0.25\nsmtp_alert',
    '',
    'no mail is sent: notification_email names nobody',
  ],
  [
    'a password in the clear',
    RELAY,
    'smtp_user u\nsmtp_password_file /etc/p',
    'smtp_user without smtp_tls would send the password in the clear',
  ],
  ['half a login', RELAY, 'smtp_tls on\nsmtp_user u', 'smtp_user and smtp_password_file go together'],
])('%s is reported', (_, global, notify, message) => {
  const { diagnostics, configuration } = read(global, '', `director {\nnotify {\n${notify}\n}\n}\n`);
  expect(diagnostics.map((each) => each.message)).toEqual([message]);
  expect(planNotify(configuration).mail?.login).toBeUndefined();
});
