// Which mails go out and what is in them: keepalived 2.2.7's subjects and texts, held against a live one.
import type { Configuration } from '../config/model.ts';
import type { Facts } from './inventory.ts';
import type { Happening, Listener } from './notify.ts';

export type PlannedMail = {
  host: string;
  port: number;
  to: readonly string[];
  /** Undefined = the user at the name of the machine. */
  from?: string;
  helo?: string;
  /** Undefined = the name of the machine. */
  routerId?: string;
  timeoutMs: number;
  tellsFaults: boolean;
  tls: 'off' | 'starttls' | 'on';
  login?: { user: string; passwordFile: string };
};
/** `subject` lacks the name of the director, which goes before it in brackets. */
export type Mail = { subject: string; text: string };

/** Undefined where nobody could get one. */
export function planMail({ mail, global }: Configuration): PlannedMail | undefined {
  if (mail === undefined || mail.to.length === 0) return undefined;
  const { host, port, to, from, helo, timeoutMs, tellsFaults, tls, user, passwordFile } = mail;
  return {
    host: host.value,
    port: port.value,
    to: to.map(({ value }) => value),
    ...(from === undefined ? {} : { from: from.value }),
    ...(helo === undefined ? {} : { helo: helo.value }),
    ...(global.routerId === undefined ? {} : { routerId: global.routerId.value }),
    timeoutMs: timeoutMs.value,
    tellsFaults,
    tls: tls.value,
    ...(user === undefined || passwordFile === undefined
      ? {}
      : { login: { user: user.value, passwordFile: passwordFile.value } }),
  };
}

/** Undefined = nobody is mailed of that. */
export function mailOf(
  { mails }: Listener,
  { kind, name, word }: Happening,
  { tellsFaults }: PlannedMail,
): Mail | undefined {
  if (!mails || (word !== 'MASTER' && word !== 'BACKUP' && word !== 'FAULT')) return undefined;
  if (word === 'FAULT' && !tellsFaults) return undefined;
  const owns = word === 'MASTER' ? 'now owning' : 'no longer owning';
  return kind === 'INSTANCE'
    ? {
        subject: `VRRP Instance ${name} - Entering ${word} state`,
        text: `=> VRRP Instance is ${owns} VRRP VIPs <=\n`,
      }
    : {
        subject: `VRRP Group ${name} - Entering ${word} state`,
        text: `=> All VRRP group instances are now in ${word} state <=\n`,
      };
}

export function mailFacts(plan: PlannedMail | undefined): Facts {
  if (plan === undefined) return {};
  const { host, port, to, from, helo, routerId, timeoutMs, tellsFaults, tls, login } = plan;
  const relay = [`${host}:${port}`, `within ${timeoutMs / 1000} s`, ...(tls === 'off' ? [] : [`tls ${tls}`])];
  if (login !== undefined) relay.push(`as ${login.user} with ${login.passwordFile}`);
  return {
    mailRelay: relay.join(' '),
    mailTo: to.join(', '),
    ...(from === undefined ? {} : { mailFrom: from }),
    ...(helo === undefined ? {} : { mailHelo: helo }),
    ...(routerId === undefined ? {} : { routerId }),
    mailsFaults: tellsFaults,
  };
}
