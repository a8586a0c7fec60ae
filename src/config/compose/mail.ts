// Settings of mail → their typed form.
import type { Located } from '../../core/diagnostic.ts';
import type { Mail } from '../model-notify.ts';
import type { DIRECTOR } from '../schema/director.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import { NOTIFY } from '../schema/notify.ts';
import { all, last, noSettings, type Settings, settled } from '../settings.ts';

const SMTP_PORT = 25;

/** Undefined where nothing is said of a relay. */
export function composeMail(
  global: Settings<typeof GLOBAL_DEFS>,
  director: Settings<typeof DIRECTOR>,
): Mail | undefined {
  const relay = last(global, 'smtp_server');
  const { host, port } = (relay?.value ?? {}) as { host?: Located<string>; port?: Located<number> };
  if (relay === undefined || host === undefined) return undefined;
  const notify = all(director, 'notify').at(-1)?.body ?? noSettings(NOTIFY, director.at);
  return {
    host,
    port: port ?? { value: SMTP_PORT, at: relay.at },
    to: all(global, 'notification_email').flatMap(({ body }) => body.entries),
    from: last(global, 'notification_email_from'),
    helo: last(global, 'smtp_helo_name'),
    timeoutMs: settled(global, 'smtp_connect_timeout'),
    tellsFaults: last(global, 'no_email_faults') === undefined,
    tls: settled(notify, 'smtp_tls'),
    user: last(notify, 'smtp_user'),
    passwordFile: last(notify, 'smtp_password_file'),
  };
}

/** The same of virtual and real servers; undefined = nothing is said. */
export function composeCheckerMailDefault(
  settings: Settings<typeof GLOBAL_DEFS>,
): Located<boolean> | undefined {
  return last(settings, 'smtp_alert_checker') ?? last(settings, 'smtp_alert');
}

/** Whether instances and groups that say nothing are mailed of. */
export function composeMailDefault(settings: Settings<typeof GLOBAL_DEFS>): Located<boolean> {
  return (
    last(settings, 'smtp_alert_vrrp') ?? last(settings, 'smtp_alert') ?? { value: false, at: settings.at }
  );
}
