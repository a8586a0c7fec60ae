// keepalived's words of the top level that nothing is done with yet. A word moves to top.ts when it is acted
// upon.
import { wordBlock, words } from './table.ts';

const SSL = wordBlock(
  'SSL',
  `
  ignored password                      secret      pass phrase of the key
  ignored ca                            text        file with the authorities
  ignored certificate                   text        file with the certificate
  ignored key                           text        client key
`,
);

export const TOP_WORDS = words(
  `
  unsafe  net_namespace text run in a network namespace (option -s of lvs-director does that)
  unsafe  net_namespace_ipvs            ?text       keep the IPVS table in another namespace
  none    namespace_with_ipsets         flag        allow ipsets in a network namespace before Linux 3.13
  none    use_pid_dir                   flag        pid files under /run/keepalived
  ignored instance                      text        name of this daemon when several run on one host
  none    child_wait_time uint()     seconds children get to stop; default 5
  ignored SSL{}                         flag        certificate and key of SSL_GET
`,
  {
    blocks: {
      SSL,
    },
  },
);
