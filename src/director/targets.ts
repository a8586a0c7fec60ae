// From the typed configuration to health targets: every real server's checks with the values that apply
// to them. A checker's own value wins over its real server's virtual server's, and that over keepalived's
// default.
import type { CheckDefaults, Configuration, RealServer, TcpCheck, VirtualServer } from '../config/model.ts';
import type { HealthTarget } from '../health/pool.ts';
import type { CheckSettings } from '../health/settings.ts';
import { serverKey, serviceKey } from '../ipvs/model.ts';
import { planServer, planService } from './plan.ts';

/**
 * keepalived.conf(5): delay_loop 60 s, connect_timeout 5 s, retry 1 and delay_before_retry 1 s for
 * TCP_CHECK.
 */
const TCP_CHECK_DEFAULTS = {
  delayLoopMs: 60_000,
  connectTimeoutMs: 5_000,
  retry: 1,
  delayBeforeRetryMs: 1_000,
} as const;

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
  const given = (name: keyof CheckDefaults) => (check[name] ?? setting.check[name])?.value;
  const delayLoopMs = given('delayLoopMs') ?? TCP_CHECK_DEFAULTS.delayLoopMs;
  return {
    type: check.type,
    address: check.connectAddress?.value ?? real.address.value,
    port: check.connectPort?.value ?? real.port.value,
    ...(check.bindAddress === undefined ? {} : { bindAddress: check.bindAddress.value }),
    delayLoopMs,
    connectTimeoutMs: given('connectTimeoutMs') ?? TCP_CHECK_DEFAULTS.connectTimeoutMs,
    retry: given('retry') ?? TCP_CHECK_DEFAULTS.retry,
    delayBeforeRetryMs: given('delayBeforeRetryMs') ?? TCP_CHECK_DEFAULTS.delayBeforeRetryMs,
    warmupMs: given('warmupMs') ?? delayLoopMs,
    alpha: (check.alpha ?? setting.alpha).value,
  };
}
