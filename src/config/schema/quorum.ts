// Words of virtual_server around the sum of the weights of its working servers: how much there has to be, who
// stands in while there is less, and who is told. Defaults are keepalived's (check_data.c).
import { keyword } from './block.ts';
import { endpoint, forwarding } from './endpoints.ts';
import { script } from './scripts.ts';
import { integer, nothing, UINT_MAX } from './shape.ts';

/** Unlike of most words, the first counts, as in keepalived. */
const FIRST = { once: true } as const;

export const QUORUM_WORDS = {
  quorum: keyword(integer(1, UINT_MAX), 'weight of working servers that is enough', { default: 1 }),
  hysteresis: keyword(
    integer(0, UINT_MAX),
    'how far above the quorum the weight has to rise, and how far below it to fall, before that counts',
    { default: 0 },
  ),
  quorum_up: keyword(script, 'run when the quorum is reached, also at the start', FIRST),
  quorum_down: keyword(script, 'run when the quorum is lost', FIRST),
  omega: keyword(nothing, 'run notify_down and quorum_down when the director stops, too'),
  sorry_server: keyword(endpoint, 'server that stands in for all of them while the quorum is lost'),
  sorry_server_inhibit: keyword(nothing, 'weight 0 instead of removal when the sorry server is not needed'),
  sorry_server_lvs_method: keyword(
    forwarding,
    "forwarding to the sorry server; default the virtual server's",
  ),
  ha_suspend: keyword(nothing, 'no checks while another director has the virtual address'),
};

export const SERVER_SCRIPT_WORDS = {
  notify_up: keyword(script, 'run when the server comes up', FIRST),
  notify_down: keyword(script, 'run when the server goes down', FIRST),
};
