// keepalived's words around IPVS that nothing is done with yet: of virtual_server, real_server and the
// checkers. A word moves to ipvs.ts or checks.ts when it is acted upon.
import { endpoint, forwarding } from './endpoints.ts';
import { inOrder } from './options.ts';
import { script, user } from './scripts.ts';
import { integer, many, oneOf, type Shape } from './shape.ts';
import { wordBlock, words } from './table.ts';

/** Hexadecimal bytes, with or without blanks between them. */
function bytes(digit: string, what: string): Shape<string> {
  const form = new RegExp(`^(?:${digit}${digit})+$`);
  return {
    syntax: 'HEX …',
    example: '00ff',
    line: true,
    read(given) {
      const first = given.take('bytes in hexadecimal');
      if (first === undefined) return undefined;
      const all = [first, ...given.rest()];
      const wrong = all.find(({ text }) => !form.test(text));
      return wrong === undefined ? all.map(({ text }) => text).join('') : given.wrong(wrong, `takes ${what}`);
    },
  };
}

/** Codes and ranges: `200 204 300-399`. */
const statusCode: Shape<string> = {
  syntax: 'CODE[-CODE]',
  json: { anyOf: [integer(100, 599).json, { type: 'string', pattern: '^[1-5][0-9]{2}(-[1-5][0-9]{2})?$' }] },
  example: '200-299',
  read(given) {
    const word = given.take('a status code');
    if (word === undefined) return undefined;
    const [low, high = low] = word.text.split('-').map(Number) as [number, number?];
    const isRange = /^\d{3}(-\d{3})?$/.test(word.text) && low >= 100 && low <= high && high <= 599;
    return isRange ? word.text : given.wrong(word, 'takes status codes from 100 to 599, as in 200-299');
  },
};

const digest: Shape<string> = {
  syntax: 'MD5',
  json: { type: 'string', pattern: '^[0-9a-fA-F]{32}$' },
  example: 'd41d8cd98f00b204e9800998ecf8427e',
  read(given) {
    const word = given.take('an MD5 digest');
    if (word === undefined) return undefined;
    return /^[0-9a-f]{32}$/i.test(word.text) ? word.text : given.wrong(word, 'takes the 32 digits of an MD5');
  },
};

const SHAPES = {
  script,
  user,
  endpoint,
  forwarding,
  digest,
  statusCodes: many(statusCode),
  hex: bytes('[0-9a-fA-F]', 'bytes in hexadecimal'),
  reply: bytes('[0-9a-fA-FxX]', 'bytes in hexadecimal, with x for any digit'),
  weight: inOrder(
    { weight: integer(-2_147_483_647, 2_147_483_647), direction: oneOf(['reverse', 'noreverse']) },
    1,
  ),
};

/** Of every checker but MISC_CHECK, FILE_CHECK and BFD_CHECK. */
const COMMON = `
  ignored connect_ip                    ip          probe another address than the RS
  ignored connect_port                  int(1,65535) probe another port
  ignored bindto                        ip          source address of probe
  ignored bind_port                     int(1,65535) source port of probe
  ignored bind_if                       iface       source interface of probe
  ignored connect_timeout               sec(0.000001) probe connect timeout (5 s)
  ignored fwmark                        int(0,4294967295) SO_MARK on probe packets
  ignored retry                         int()       failed probes before down
  ignored delay_before_retry            sec()       pause between those probes
  ignored warmup                        sec()       random first-probe delay (default delay_loop)
  ignored delay_loop                    sec(0.000001) probe period (default 60 s)
  ignored alpha                         bool        down until the first good check
  none    log_all_failures              bool        log each failed probe
`;
const TIMING = `
  ignored retry                         int()       failed probes before down
  ignored delay_before_retry            sec()       pause between those probes
  ignored warmup                        sec()       random first-probe delay (default delay_loop)
  ignored delay_loop                    sec(0.000001) probe period (default 60 s)
  ignored alpha                         bool        down until the first good check
  none    log_all_failures              bool        log each failed probe
`;

export const CHECK_WORDS = words(
  `
  ignored bind_port                     int(1,65535) source port of probe
  ignored bind_if                       iface       source interface of probe
  ignored fwmark                        int(0,4294967295) SO_MARK on probe packets
  none    log_all_failures              bool        log each failed probe
`,
  { shapes: SHAPES },
);

const SMTP_HOST = wordBlock('host', COMMON, { shapes: SHAPES });
const SMTP_CHECK = wordBlock(
  'SMTP_CHECK',
  COMMON +
    `
  ignored helo_name                     text        HELO string
  ignored host{}                        flag        deprecated nested target block
`,
  { blocks: { host: SMTP_HOST }, shapes: SHAPES },
);
const PING_CHECK = wordBlock('PING_CHECK', COMMON, { shapes: SHAPES });
const UDP_CHECK = wordBlock(
  'UDP_CHECK',
  COMMON +
    `
  ignored payload                       hex         hex bytes to send
  ignored require_reply                 ?reply      need a reply [hex pattern, x = any nibble]
  ignored min_reply_length              int(0,65535) reply length lower bound
  ignored max_reply_length              int(0,65535) reply length upper bound (255)
`,
  { shapes: SHAPES },
);
const URL_WORDS = `
  ignored path                          text        path to GET
  ignored digest                        digest      expected MD5 of body (genhash)
  ignored status_code                   statusCodes allowed codes/ranges (default 200-299)
  none    virtualhost                   text        Host header for this URL
  ignored regex                         text        PCRE2 body match
  ignored regex_no_match                flag        invert
  ignored regex_options                 texts()     PCRE2 flags
  ignored regex_min_offset              int()       first byte to search
  ignored regex_max_offset              int()       last byte to search
  ignored regex_stack                   ints(1)     JIT stack start/max
`;
const HTTP_URL = wordBlock('url', URL_WORDS, { shapes: SHAPES });
const SSL_URL = wordBlock(
  'url',
  URL_WORDS +
    `
  ignored tls_compliant                 flag        send close_notify
`,
  { shapes: SHAPES },
);
const GET_WORDS =
  COMMON +
  `
  ignored nb_get_retry                  int()       deprecated name of retry
  none    virtualhost                   text        Host header for this probe
  ignored http_protocol                 one(1.0|1.0c|1.0C|1.1) 1.0 / 1.0C / 1.1
  ignored enable_sni                    flag        send SNI (name = virtualhost)
  ignored sni_name                      text        explicit SNI name
  ignored fast_recovery                 flag        check all URLs back-to-back on start/recovery
  ignored url{}                         flag        URL test (several allowed)
`;
const HTTP_GET = wordBlock('HTTP_GET', GET_WORDS, { blocks: { url: HTTP_URL }, shapes: SHAPES });
const SSL_GET = wordBlock(
  'SSL_GET',
  GET_WORDS +
    `
  ignored tls_compliant                 flag        send close_notify
`,
  { blocks: { url: SSL_URL }, shapes: SHAPES },
);
const DNS_CHECK = wordBlock(
  'DNS_CHECK',
  COMMON +
    `
  ignored type one(A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY) type of the query (default SOA)
  ignored name                          text        name to query (default .)
`,
  { shapes: SHAPES },
);
const MISC_CHECK = wordBlock(
  'MISC_CHECK',
  TIMING +
    `
  ignored misc_path                     script      program and args
  ignored misc_timeout                  sec(0.001)  run limit
  ignored misc_dynamic                  flag        exit status 2-255 sets weight (status-2)
  ignored user                          user        user [:][group] to run as
`,
  { shapes: SHAPES },
);
const FILE_CHECK = wordBlock(
  'FILE_CHECK',
  `
  ignored track_file                    name        which track_file
  ignored weight                        weight      multiplier for IPVS weight
`,
  { shapes: SHAPES },
);
const BFD_CHECK = wordBlock(
  'BFD_CHECK',
  `
  ignored name                          text        bfd_instance name
  ignored alpha                         bool        down until the first good check
`,
  { shapes: SHAPES },
);

export const REAL_SERVER_WORDS = words(
  `
  ignored notify_up                     script      script on RS up
  ignored notify_down                   script      script on RS down
  none    smtp_alert                    bool        mail on RS change
  none    virtualhost                   text        default Host header
  none    snmp_name                     text        label in SNMP output
  ignored MISC_CHECK{}                  flag        external program probe
  ignored SMTP_CHECK{}                  flag        SMTP HELO probe
  ignored PING_CHECK{}                  flag        ICMP echo probe
  ignored UDP_CHECK{}                   flag        UDP probe
  ignored HTTP_GET{}                    flag        HTTP probe
  ignored SSL_GET{}                     flag        HTTPS probe
  ignored DNS_CHECK{}                   flag        DNS query probe
  ignored FILE_CHECK{}                  flag        state read from a track_file
  ignored BFD_CHECK{}                   flag        state of a BFD session
`,
  {
    blocks: {
      MISC_CHECK,
      SMTP_CHECK,
      PING_CHECK,
      UDP_CHECK,
      HTTP_GET,
      SSL_GET,
      DNS_CHECK,
      FILE_CHECK,
      BFD_CHECK,
    },
    shapes: SHAPES,
  },
);

export const VIRTUAL_SERVER_WORDS = words(
  `
  ignored ip_family                     one(inet|inet6) inet/inet6 for fwmark services
  none    hashed                        flag        no effect flag kept for compatibility
  ignored persistence_engine            text        pe name (sip)
  ignored ha_suspend                    flag        stop probing while the VIP is not on this host
  none    smtp_alert                    bool        mail on quorum change
  none    virtualhost                   text        default Host header for HTTP probes
  none    snmp_name                     text        label in SNMP output
  none    omega                         flag        run down notifiers at shutdown
  ignored quorum_up                     script      script on quorum gain
  ignored quorum_down                   script      script on quorum loss
  none    quorum                        int(1)=1    minimum total live weight (1)
  none    hysteresis                    int()=0     weight slack when judging quorum
  ignored sorry_server                  endpoint    server used when quorum is lost
  ignored sorry_server_inhibit          flag        weight-0 behaviour for sorry server
  ignored sorry_server_lvs_method       forwarding  forwarding of sorry server
`,
  { shapes: SHAPES },
);
