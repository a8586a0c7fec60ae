// keepalived's words around IPVS that nothing is done with yet: of virtual_server, real_server and the
// checkers. A word moves to ipvs.ts or checks.ts when it is acted upon.
import { inOrder } from './options.ts';
import { script, user } from './scripts.ts';
import { integer, many, nameOf, oneOf, type Shape } from './shape.ts';
import { wordBlock, words } from './table.ts';

/** Hexadecimal bytes, with or without blanks between them. */
function bytes(digit: string, what: string): Shape<string> {
  const form = new RegExp(`^(?:${digit}${digit})+$`);
  return {
    syntax: 'HEX …',
    example: '0a1b',
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

const CODES = { type: 'string', pattern: '^[1-5][0-9]{2}(-[1-5][0-9]{2})?$' };

/** Codes and ranges: `200 204 300-399`. */
const statusCode: Shape<string> = {
  syntax: 'CODE[-CODE]',
  json: { anyOf: [integer(100, 599).json, CODES] },
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

/** keepalived looks at them without regard to case. */
const query = oneOf(['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY'], true);

const SHAPES = {
  query,
  trackFile: nameOf('track_file', 'vrrp_track_file'),
  bfdSession: nameOf('bfd_instance'),
  script,
  user,
  digest,
  statusCodes: many(statusCode),
  hex: bytes('[0-9a-fA-F]', 'bytes in hexadecimal'),
  reply: bytes('[0-9a-fA-FxX]', 'bytes in hexadecimal, with x for any digit'),
  weight: inOrder(
    { weight: integer(-2_147_483_647, 2_147_483_647), direction: oneOf(['reverse', 'noreverse']) },
    1,
  ),
};

const TIMING = `
  ignored retry                         uint()      failed checks before the server is down
  ignored delay_before_retry            sec()       time between such checks
  ignored warmup sec() the first check comes at a random time up to this; default delay_loop
  ignored delay_loop                    sec(0.000001) time between checks; default 60 s
  ignored alpha                         bool        down until the first good check
  none    log_all_failures              bool        log each failed check
`;
/** Of every checker but MISC_CHECK, FILE_CHECK and BFD_CHECK. */
const COMMON = `
  ignored connect_ip                    ip          address to check; default the real server's
  ignored connect_port                  int(1,65535) port to check; default the real server's
  ignored bindto                        ip          source address of the check
  ignored bind_port                     int(1,65535) source port of the check
  ignored bind_if                       iface       interface that the check leaves by
  ignored connect_timeout               sec(0.000001) a connection takes no longer; default 5 s
  ignored fwmark                        int(0,4294967295) firewall mark of the packets of the check
${TIMING}`;

export const CHECK_WORDS = words(
  `
  ignored bind_port                     int(1,65535) source port of the check
  ignored bind_if                       iface       interface that the check leaves by
  ignored fwmark                        int(0,4294967295) firewall mark of the packets of the check
  none    log_all_failures              bool        log each failed check
`,
  { shapes: SHAPES },
);

const SMTP_HOST = wordBlock('host', COMMON, { shapes: SHAPES });
const SMTP_CHECK = wordBlock(
  'SMTP_CHECK',
  COMMON +
    `
  ignored helo_name                     text        name in HELO
  ignored host{}                        flag        deprecated nested target block
`,
  { blocks: { host: SMTP_HOST }, shapes: SHAPES },
);
const PING_CHECK = wordBlock('PING_CHECK', COMMON, { shapes: SHAPES });
const UDP_CHECK = wordBlock(
  'UDP_CHECK',
  COMMON +
    `
  ignored payload                       hex         bytes to send
  ignored require_reply                 ?reply      need a reply, and this one where it is given
  ignored min_reply_length              int(0,65535) shortest reply in bytes
  ignored max_reply_length              int(0,65535) longest reply in bytes; default 255
`,
  { shapes: SHAPES },
);
const URL_WORDS = `
  ignored path                          text        what to get
  ignored digest                        digest      MD5 that the body must have
  ignored status_code                   statusCodes codes that are good; default 200-299
  none    virtualhost                   text        Host header
  ignored regex                         text        what the body must match (PCRE2)
  ignored regex_no_match                flag        the body must not match
  ignored regex_options                 texts()     flags of PCRE2
  ignored regex_min_offset              int()       first byte that is searched
  ignored regex_max_offset              int()       last byte that is searched
  ignored regex_stack                   ints()      first and largest size of the JIT stack
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
  ignored nb_get_retry                  int()       old name of retry
  none    virtualhost                   text        Host header
  ignored http_protocol one(1.0|1.0c|1.0C|1.1) version of HTTP; c and C mean Connection: close
  ignored enable_sni                    flag        send a server name in the handshake: the virtualhost
  ignored sni_name                      text        this server name
  ignored fast_recovery                 flag        try all URLs at once at the start and after a failure
  ignored url{}                         flag        one page to get; may stand several times
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
  ignored type query type of the query; default SOA
  ignored name                          text        name to query; default the root
`,
  { shapes: SHAPES },
);
const MISC_CHECK = wordBlock(
  'MISC_CHECK',
  TIMING +
    `
  ignored misc_path                     script      program and arguments
  ignored misc_timeout                  whole(0,4294)  longest run; default delay_loop
  ignored misc_dynamic                  flag        exit status 2 to 255 sets the weight: status - 2
  ignored user                          user        who runs it
`,
  { shapes: SHAPES },
);
const FILE_CHECK = wordBlock(
  'FILE_CHECK',
  `
  ignored track_file                    trackFile   name of the track_file that is read
  ignored weight                        weight      factor of the number in the file
`,
  { shapes: SHAPES },
);
const BFD_CHECK = wordBlock(
  'BFD_CHECK',
  `
  ignored name                          bfdSession  bfd_instance name
  ignored alpha                         bool        down until the first good check
`,
  { shapes: SHAPES },
);

export const REAL_SERVER_WORDS = words(
  `
  none    virtualhost                   text        Host header
  none    snmp_name                     text        label in SNMP output
  ignored MISC_CHECK{}                  flag        up while a program says so
  ignored SMTP_CHECK{}                  flag        up while it answers HELO
  ignored PING_CHECK{}                  flag        up while it answers ICMP echo
  ignored UDP_CHECK{}                   flag        up while it answers, or does not refuse, a datagram
  ignored HTTP_GET{}                    flag        up while pages can be got
  ignored SSL_GET{}                     flag        up while pages can be got by TLS
  ignored DNS_CHECK{}                   flag        up while it answers a query
  ignored FILE_CHECK{}                  flag        up or down as a track_file says
  ignored BFD_CHECK{}                   flag        up while a BFD session is
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
  acts    hashed                        flag        every service is: kept for old files
  none    virtualhost                   text        Host header
  none    snmp_name                     text        label in SNMP output
`,
  { shapes: SHAPES },
);
