// Run in a network namespace of its own (see tcp.test.ts): what becomes of probes that no server answers.
// Prints one JSON line a case.
import { execFileSync } from 'node:child_process';
import { address } from '../../src/core/address.ts';
import { probeTcp } from '../../src/probes/tcp.ts';

const ip = (line: string) => execFileSync('ip', line.split(' '));
ip('link set lo up');
ip('link add near type veth peer name far');
ip('address add 10.99.0.1/24 dev near');
for (const end of ['near', 'far']) ip(`link set ${end} address 02:00:00:00:00:0${end.length} up`);
// `far` takes the frame and, as nobody there has the address, lets it fall: a black hole with a MAC.
ip('neighbour add 10.99.0.9 lladdr 02:00:00:00:00:03 dev near');
ip('route add unreachable 10.98.0.0/24');
ip('route add prohibit 10.97.0.0/24');

const CASES = {
  blackhole: { address: '10.99.0.9' },
  noRoute: { address: '192.0.2.1' },
  unreachable: { address: '10.98.0.1' },
  prohibited: { address: '10.97.0.1' },
  noNeighbour: { address: '10.99.0.7', connectTimeoutMs: 8_000 },
  foreignSource: { address: '10.99.0.9', bindAddress: '10.99.0.200' },
};
await Promise.all(
  Object.entries(CASES).map(async ([name, { address: host, ...over }]) => {
    const { bindAddress, ...rest } = { bindAddress: undefined, connectTimeoutMs: 300, ...over };
    const bound = bindAddress === undefined ? {} : { bindAddress: address(bindAddress) };
    const settings = { address: address(host), port: 80, ...rest, ...bound };
    const result = await probeTcp(settings, new AbortController().signal);
    console.log(JSON.stringify({ name, result }));
  }),
);
