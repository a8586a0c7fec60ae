// Mail that would never be sent: keepalived says nothing of it.
import type { Located } from '../../core/diagnostic.ts';
import type { Configuration } from '../model.ts';
import type { Mail } from '../model-notify.ts';
import type { Report } from '../report.ts';

/** Leaves out a login that would be readable on its way. */
export function checkMail(configuration: Configuration, report: Report): void {
  const { global, instances, syncGroups, virtualServers, mail } = configuration;
  if (mail !== undefined) checkLogin(mail, report);
  const wanted = [
    global.notify.mailDefault,
    global.notify.checkerMailDefault,
    ...[...instances, ...syncGroups].map(({ notify }) => notify.mails),
    ...virtualServers.flatMap(({ mails, realServers }) => [mails, ...realServers.map((real) => real.mails)]),
  ];
  const first = wanted.find((mails): mails is Located<boolean> => mails?.value === true);
  if (first === undefined) return;
  if (mail === undefined)
    report.add('CFG_EMPTY', first.at, 'no mail is sent: there is no smtp_server', 'global_defs names it');
  else if (mail.to.length === 0)
    report.add('CFG_EMPTY', first.at, 'no mail is sent: notification_email names nobody');
}

function checkLogin(mail: Mail, report: Report): void {
  const { user, passwordFile, tls } = mail;
  if (user === undefined && passwordFile === undefined) return;
  const at = (user ?? passwordFile)!.at;
  if (user === undefined || passwordFile === undefined)
    report.add('CFG_CONTRADICTION', at, 'smtp_user and smtp_password_file go together');
  else if (tls.value === 'off')
    report.add(
      'CFG_CONTRADICTION',
      at,
      'smtp_user without smtp_tls would send the password in the clear',
      'smtp_tls starttls, or smtp_tls on',
    );
  else return;
  delete mail.user;
  delete mail.passwordFile;
}
