// Metrics as Prometheus reads them: by prom-client, whose own metrics of this process come with them.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { METRICS, type MetricName, type Sample } from './catalogue.ts';

/** How exactly the delay of the event loop is measured: prom-client's own 10 ms wake the process as often. */
const LOOP_PRECISION_MS = 100;
const OF_PROCESS = new Registry();
collectDefaultMetrics({ register: OF_PROCESS, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });

export const { contentType } = OF_PROCESS;

/** Of this process since this module was loaded: memory, processor, open files, delay of the event loop. */
export function processMetrics(): Promise<string> {
  return OF_PROCESS.metrics();
}

/** A fresh registry each time: what is gone, a server or an instance, is not told of. */
export function renderSamples(samples: readonly Sample[]): Promise<string> {
  const register = new Registry();
  for (const [name, all] of Map.groupBy(samples, (each) => each.name)) addMetric(register, name, all);
  return register.metrics();
}

function addMetric(register: Registry, name: MetricName, samples: readonly Sample[]): void {
  const { type, means: help, labels } = METRICS[name];
  const settings = { name, help, labelNames: labels, registers: [register] };
  if (type === 'gauge') {
    const gauge = new Gauge(settings);
    for (const { labels, value } of samples) gauge.set(labels, value);
  } else {
    const counter = new Counter(settings);
    for (const { labels, value } of samples) counter.inc(labels, value);
  }
}
