// From the typed configuration to health targets: every real server with its checks.

import type { Configuration } from '../config/model.ts';
import type { RealServer, TcpCheck, VirtualServer } from '../config/model-services.ts';
import { oncePer } from '../core/once-per.ts';
import type { HealthTarget } from '../health/pool.ts';
import type { CheckSettings } from '../health/settings.ts';
import { serverKey } from '../ipvs/model.ts';
import { inhibits, planServer, poolOf } from './services.ts';

/** A configuration that has been read does not change any more. */
const targetsOf = oncePer(planServerTargets);

/**
 * One target for every real server, also one without a check: it counts for its service. Of virtual servers
 * that are the same objects they are the same, too.
 */
export function planTargets(configuration: Configuration): HealthTarget[] {
  return configuration.virtualServers.flatMap(targetsOf);
}

function planServerTargets(setting: VirtualServer): readonly HealthTarget[] {
  const [service] = poolOf(setting);
  const quorum = { quorum: setting.quorum.value, hysteresis: setting.hysteresis.value };
  return setting.realServers.map((real) => ({
    service,
    server: serverKey(planServer(setting, real)),
    checks: real.checks.map((check) => planCheck(setting, real, check)),
    inhibit: inhibits(setting, real),
    weight: real.weight.value,
    quorum,
  }));
}

function planCheck(setting: VirtualServer, real: RealServer, check: TcpCheck): CheckSettings {
  return {
    type: check.type,
    address: check.connectAddress?.value ?? real.address.value,
    port: check.connectPort?.value ?? real.port.value,
    ...(check.bindAddress === undefined ? {} : { bindAddress: check.bindAddress.value }),
    delayLoopMs: check.delayLoopMs.value,
    connectTimeoutMs: check.connectTimeoutMs.value,
    retry: check.retry.value,
    delayBeforeRetryMs: check.delayBeforeRetryMs.value,
    warmupMs: (check.warmupMs ?? check.delayLoopMs).value,
    alpha: (check.alpha ?? setting.alpha).value,
  };
}
