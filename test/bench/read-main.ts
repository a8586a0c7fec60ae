// Reads one configuration, in a process that has read none before, and prints how long that took and the
// most memory the process ever held, as a line of JSON. `read-main.ts FILE`
import { readConfiguration } from '../../src/config/read.ts';
import { readSources } from '../../src/linux/config-files.ts';

const sources = readSources([process.argv[2]!]);
const startedMs = performance.now();
const { configuration, diagnostics } = readConfiguration(sources);
const ms = performance.now() - startedMs;
const peakMb = (process.resourceUsage().maxRSS * 1_024) / 1e6;
const services = configuration.virtualServers.length;
console.log(JSON.stringify({ ms, peakMb, services, complaints: diagnostics.length }));
