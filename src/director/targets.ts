// From the typed configuration to health targets: every real server with its checks.
import type { Configuration, RealServer, TcpCheck, VirtualServer } from '../config/model.ts';
import type { HealthTarget } from '../health/pool.ts';
import type { CheckSettings } from '../health/settings.ts';
import { serverKey, serviceKey } from '../ipvs/model.ts';
import { planServer, planService } from './plan.ts';

/** One target for every real server, also one without a check: it counts for its service. */
export function planTargets(configuration: Configuration): HealthTarget[] {
  return configuration.virtualServers.flatMap((setting) => {
    const service = serviceKey(planService(setting));
    return setting.realServers.map((real) => ({
      service,
      server: serverKey(planServer(setting, real)),
      checks: real.checks.map((check) => planCheck(setting, real, check)),
      inhibit: (real.inhibitOnFailure ?? setting.inhibitOnFailure).value,
      weight: real.weight.value,
    }));
  });
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
