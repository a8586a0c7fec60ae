// What only shows when the blocks are looked at together. Later duplicates are left out, as in keepalived.
import type { Configuration } from '../model.ts';
import type { VirtualServer } from '../model-services.ts';
import type { Report } from '../report.ts';
import { placeOf, serviceName } from '../selects.ts';
import { checkIdle, checkInstanceRoles, checkServerRoles } from './addresses.ts';
import { checkChecks } from './checks.ts';
import { distinct } from './distinct.ts';
import { checkFilter } from './filter.ts';
import { checkServices, checkShared } from './ipvs.ts';
import { checkLinks } from './links.ts';
import { checkMail } from './mail.ts';
import { checkExceptions, checkSlowStarts } from './servers.ts';
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
  checkSync(configuration, report);
  leaveOutRepeated(configuration, report);
  checkShared(configuration, report);
  checkInstanceRoles(configuration, report);
  checkVirtualServers(configuration, configuration.virtualServers, report);
  checkIdle(configuration, report);
}

/**
 * What virtual servers can break, by being there or by being there no more; the latter may be worth
 * {@link checkIdle}, too. `judged`: those that nobody has looked at before; of a group they are all or none.
 */
export function checkVirtualServers(
  configuration: Configuration,
  judged: VirtualServer[],
  report: Report,
): void {
  const own = { ...configuration, virtualServers: judged };
  checkFilter(configuration, report);
  checkMail(own, report);
  checkServices(own, report);
  checkExceptions(configuration, report);
  checkSlowStarts(own, report);
  checkChecks(own, report);
  checkServerRoles(own, report);
}

export function leaveOutRepeated(configuration: Configuration, report: Report): void {
  configuration.virtualServers = distinct(configuration.virtualServers, serviceName, (service, first) =>
    report.add(
      'CFG_DUPLICATE',
      placeOf(service.selects),
      `there is a virtual_server ${serviceName(service)} already`,
      undefined,
      [{ at: placeOf(first.selects), message: 'first here' }],
    ),
  );
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
