// Runs in a namespace of its own: a thread has addresses renewed by the main thread, and removes each at a
// moment of its own. Prints how many the main thread renewed, how many failed, and how many were there after
// their removal.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { address } from '../../src/core/address.ts';
import {
  type Errand,
  type ErrandDone,
  ErrandRunner,
  Errands,
  errandWord,
} from '../../src/linux/elector/errands.ts';
import { NetlinkSocket } from '../../src/linux/netlink-socket.ts';
import {
  addAddress,
  decodeRouteMessage,
  deleteAddress,
  dumpAddresses,
  NETLINK_ROUTE,
} from '../../src/netlink/route.ts';

const ROUNDS = 3000;
const LOOPBACK = 1;

if (isMainThread) {
  const word = errandWord();
  const runner = new ErrandRunner(word);
  const worker = new Worker(new URL(import.meta.url), { workerData: word });
  let made = 0;
  worker.on('message', (message: Errand | Record<string, number>) => {
    if (!('ticket' in message)) return console.log(JSON.stringify({ ...message, made }));
    if (runner.run(message as Errand) !== undefined) made++;
  });
  worker.on('exit', () => runner.close());
} else {
  const requests = new NetlinkSocket(NETLINK_ROUTE);
  const errands = new Errands(workerData, requests, (errand) => parentPort!.postMessage(errand));
  const entry = {
    interfaceIndex: LOOPBACK,
    address: address('10.9.8.7'),
    prefixLength: 32,
    scope: 0,
    flags: 0,
  };
  const spin = (ms: number) => {
    for (const since = performance.now(); performance.now() - since < ms; );
  };
  let [stayed, failed] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    errands.add([addAddress(entry, { replace: true })], (results) => {
      if (!results[0]!.ok) failed++;
    });
    errands.flush();
    spin(((round * 7) % 40) / 100);
    errands.finish();
    requests.requestMany([deleteAddress(entry)]);
    spin(0.05);
    for (const message of requests.request(dumpAddresses(4))) {
      const event = decodeRouteMessage(message);
      if (event.ok && event.value.type === 'address' && event.value.address.address === entry.address)
        stayed++;
    }
    // As if its answer had come.
    errands.noteDone({ type: 'errandDone', ticket: round + 1, results: [{ ok: true }] } as ErrandDone);
  }
  requests.close();
  parentPort!.postMessage({ stayed, failed });
}
