// What only shows when the blocks are looked at together. Later duplicates are left out, as in keepalived.
import type { Configuration } from '../model.ts';
import type { Report } from '../report.ts';
import { placeOf, serviceName } from '../selects.ts';
import { checkRoles } from './addresses.ts';
import { checkChecks } from './checks.ts';
import { distinct } from './distinct.ts';
import { checkFilter } from './filter.ts';
import { checkServices } from './ipvs.ts';
import { checkLinks } from './links.ts';
import { checkMail } from './mail.ts';
import { checkServers } from './servers.ts';
import { checkVirtualMacs } from './virtual-macs.ts';
import { checkInstances } from './vrrp.ts';

/** Changes `configuration` only by leaving out what is reported as left out. */
export function checkConfiguration(configuration: Configuration, report: Report): void {
  configuration.instances = distinct(
    configuration.instances,
    ({ name }) => name.value,
    ({ name }, first) =>
      report.add('CFG_DUPLICATE', name.at, `there is a vrrp_instance ${name.value} already`, undefined, [
        { at: first.name.at, message: 'first here' },
      ]),
  );
  checkInstances(configuration, report);
  checkVirtualMacs(configuration, report);
  checkLinks(configuration, report);
  checkFilter(configuration, report);
  checkSync(configuration, report);
  configuration.virtualServers = distinct(configuration.virtualServers, serviceName, (service, first) =>
    report.add(
      'CFG_DUPLICATE',
      placeOf(service.selects),
      `there is a virtual_server ${serviceName(service)} already`,
      undefined,
      [{ at: placeOf(first.selects), message: 'first here' }],
    ),
  );
  checkMail(configuration, report);
  checkServices(configuration, report);
  checkServers(configuration, report);
  checkChecks(configuration, report);
  checkRoles(configuration, report);
}

function checkSync({ global, instances }: Configuration, report: Report): void {
  const wanted = global.syncDaemon?.instance;
  if (wanted === undefined || instances.some(({ name }) => name.value === wanted.value)) return;
  const names = instances.map(({ name }) => name.value).join(', ');
  const hint = names === '' ? 'there is no vrrp_instance' : `instances: ${names}`;
  report.add(
    'CFG_REFERENCE',
    wanted.at,
    `lvs_sync_daemon names ${wanted.value}, which is no vrrp_instance`,
    hint,
  );
  delete global.syncDaemon;
}
