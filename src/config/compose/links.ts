// Words about the state of links → their part of the typed configuration. Of several lines about one
// interface the last one counts, as in keepalived.
import type { LinkWords } from '../model-links.ts';
import type { TOP } from '../schema/top.ts';
import { all, last, type Settings } from '../settings.ts';

export function composeLinks(settings: Settings<typeof TOP>): LinkWords {
  const polled = all(settings, 'linkbeat_interfaces').flatMap(({ body }) => body.entries);
  const delays = all(settings, 'interface_up_down_delays').flatMap(({ body }) => body.entries);
  return {
    pollsAll: last(settings, 'linkbeat_use_polling') !== undefined,
    polled: polled.map(({ value }) => value),
    delays: delays.map(({ value: { interface: device, down, up } }) => ({
      interface: device,
      downMs: down,
      // keepalived.conf(5) says "the same as down"; keepalived 2.2.7 does not wait (measured).
      upMs: up ?? { value: 0, at: device.at },
    })),
  };
}
