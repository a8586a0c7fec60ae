// `lvs_sync_daemon` of global_defs, or `lvs_sync_daemon_interface` of an instance, which is its old form:
// that instance decides who sends and who listens.
import type { SyncDaemonSetting, VrrpInstance } from '../model.ts';
import type { Report } from '../report.ts';
import type { GLOBAL_DEFS } from '../schema/global.ts';
import type { TOP } from '../schema/top.ts';
import { all, last, type Settings } from '../settings.ts';

export function composeSync(settings: Settings<typeof GLOBAL_DEFS>): SyncDaemonSetting | undefined {
  const setting = all(settings, 'lvs_sync_daemon').at(-1);
  if (setting === undefined) return undefined;
  const { inst, ...others } = setting.value;
  return { at: setting.at, ...others, ...(inst === undefined ? {} : { instance: inst }) };
}

/** The first one counts, and `lvs_sync_daemon` before all of them. `instances`: those that there are. */
export function composeOldSync(
  settings: Settings<typeof TOP>,
  instances: readonly VrrpInstance[],
  given: SyncDaemonSetting | undefined,
  report: Report,
): SyncDaemonSetting | undefined {
  let sync = given;
  for (const { value: name, at, body } of all(settings, 'vrrp_instance')) {
    const device = last(body, 'lvs_sync_daemon_interface');
    if (device === undefined || !instances.some((one) => one.name.value === name)) continue;
    if (sync === undefined) {
      sync = { at: device.at, interface: device, instance: { value: name, at } };
      const hint = `write \`lvs_sync_daemon ${device.value} ${name}\` in global_defs`;
      report.add('CFG_DEPRECATED', device.at, 'lvs_sync_daemon_interface is an old form', hint);
    } else {
      const message = `there is a sync daemon on ${sync.interface.value} already: this is left out`;
      report.add('CFG_DUPLICATE', device.at, message, 'there is one for the whole director');
    }
  }
  return sync;
}
