// Words by which the director mails what happens: keepalived's of global_defs, instances, groups, virtual
// and real servers; and how the relay wants to be spoken to, of `director { notify { … } }`.
import { type Keywords, keyword, list, opens } from './block.ts';
import { inOrder } from './options.ts';
import { integer, nothing, oneOf, type Shape, seconds, text, toggle } from './shape.ts';

const PORT = integer(1, 65_535);
const relay: ReturnType<typeof inOrder> = {
  ...inOrder({ host: text, port: PORT }, 1),
  syntax: 'HOST [PORT]',
  example: '10.0.0.25 25',
};
const mailbox: Shape<string> = {
  ...text,
  syntax: 'ADDRESS',
  example: 'ops@example.net',
  read(words) {
    const word = words.take('a mail address');
    if (word === undefined) return undefined;
    return /^[^\s@]+(@[^\s@]+)?$/.test(word.text)
      ? word.text
      : words.wrong(word, `takes a mail address, not "${word.text}"`, 'one a line, as in ops@example.net');
  },
};

/** Of vrrp_instance and vrrp_sync_group. */
export const MAIL_WORDS = {
  smtp_alert: keyword(toggle, 'mail when the state changes; default smtp_alert_vrrp'),
} as const satisfies Keywords;

/** Of virtual_server and real_server. */
export const SERVICE_MAIL_WORDS = {
  smtp_alert: keyword(toggle, 'mail when the quorum is gained or lost; default smtp_alert_checker, else no'),
} as const satisfies Keywords;
export const SERVER_MAIL_WORDS = {
  smtp_alert: keyword(toggle, 'mail when the server goes up or down; default smtp_alert_checker, else yes'),
} as const satisfies Keywords;

export const GLOBAL_MAIL_WORDS = {
  smtp_server: keyword(relay, 'mail relay; without one no mail is sent'),
  notification_email: opens(
    nothing,
    'who gets mail: one address a line',
    list('notification_email', mailbox),
  ),
  notification_email_from: keyword(text, 'who mail is from; default the user at the name of the machine'),
  smtp_helo_name: keyword(
    text,
    'what the director calls itself to the relay; default the name of the machine',
  ),
  smtp_connect_timeout: keyword(seconds(1, 4294, true), 'longest silence of the relay', { default: 30_000 }),
  smtp_alert: keyword(toggle, 'mail of everything, where nothing else is said'),
  smtp_alert_vrrp: keyword(toggle, 'mail of instances and sync groups; default smtp_alert'),
  smtp_alert_checker: keyword(toggle, 'mail of virtual and real servers; default smtp_alert'),
  no_email_faults: keyword(nothing, 'no mail of FAULT'),
} as const satisfies Keywords;

/** What keepalived cannot do: relays that want to know who mails, and over what line. */
export const RELAY_WORDS = {
  smtp_tls: keyword(
    oneOf(['off', 'starttls', 'on']),
    'encrypt mail on its way to the relay: after STARTTLS, or from the start (port 465)',
    { default: 'off' },
  ),
  smtp_user: keyword(text, 'name to log in to the relay with'),
  smtp_password_file: keyword(text, 'file with the password of smtp_user, read for each mail'),
} as const satisfies Keywords;
