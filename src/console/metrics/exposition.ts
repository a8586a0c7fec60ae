// Metrics as Prometheus reads them: by prom-client, whose own metrics of this process come with them.
import { setImmediate as letOthersRun } from 'node:timers/promises';
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

/**
 * Of thousands of services there are a hundred thousand values: other work of this process is done between
 * one metric and the next.
 */
export async function renderSamples(samples: readonly Sample[]): Promise<string> {
  let text = '';
  for (const [name, all] of Map.groupBy(samples, (each) => each.name)) {
    text += await renderMetric(name, all);
    await letOthersRun();
  }
  return text;
}

/** A fresh registry each time: what is gone, a server or an instance, is not told of. */
function renderMetric(name: MetricName, samples: readonly Sample[]): Promise<string> {
  const { type, means: help, labels } = METRICS[name];
  const register = new Registry();
  const settings = { name, help, labelNames: labels, registers: [register] };
  if (type === 'gauge') {
    const gauge = new Gauge(settings);
    for (const { labels, value } of samples) gauge.set(labels, value);
  } else {
    const counter = new Counter(settings);
    for (const { labels, value } of samples) counter.inc(labels, value);
  }
  return register.metrics();
}
