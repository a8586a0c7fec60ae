// keepalived's words around IPVS that nothing is done with yet: of virtual_server, real_server and the
// checkers. A word moves to ipvs.ts or checks.ts when it is acted upon.
import { wordBlock, words } from './block.ts';

/** Of every checker but MISC_CHECK, FILE_CHECK and BFD_CHECK. */
const COMMON = `
  ignored connect_ip                         probe another address than the RS
  ignored connect_port                       probe another port
  ignored bindto                             source address of probe
  ignored bind_port                          source port of probe
  ignored bind_if                            source interface of probe
  ignored connect_timeout                    probe connect timeout (5 s)
  ignored fwmark                             SO_MARK on probe packets
  ignored retry                              failed probes before down
  ignored delay_before_retry                 pause between those probes
  ignored warmup                             random first-probe delay (default delay_loop)
  ignored delay_loop                         probe period (default 60 s)
  ignored alpha                              down until the first good check
  none    log_all_failures                   log each failed probe
`;
const TIMING = `
  ignored retry                              failed probes before down
  ignored delay_before_retry                 pause between those probes
  ignored warmup                             random first-probe delay (default delay_loop)
  ignored delay_loop                         probe period (default 60 s)
  ignored alpha                              down until the first good check
  none    log_all_failures                   log each failed probe
`;

export const CHECK_WORDS = words(`
  ignored bind_port                          source port of probe
  ignored bind_if                            source interface of probe
  ignored fwmark                             SO_MARK on probe packets
  none    log_all_failures                   log each failed probe
`);

const SMTP_HOST = wordBlock('host', COMMON);
const SMTP_CHECK = wordBlock(
  'SMTP_CHECK',
  COMMON +
    `
  ignored helo_name                          HELO string
  ignored host{}                             deprecated nested target block
`,
  { host: SMTP_HOST },
);
const PING_CHECK = wordBlock('PING_CHECK', COMMON);
const UDP_CHECK = wordBlock(
  'UDP_CHECK',
  COMMON +
    `
  ignored payload                            hex bytes to send
  ignored require_reply                      need a reply [hex pattern, x = any nibble]
  ignored min_reply_length                   reply length lower bound
  ignored max_reply_length                   reply length upper bound (255)
`,
);
const URL_WORDS = `
  ignored path                               path to GET
  ignored digest                             expected MD5 of body (genhash)
  ignored status_code                        allowed codes/ranges (default 200-299)
  none    virtualhost                        Host header for this URL
  ignored regex                              PCRE2 body match
  ignored regex_no_match                     invert
  ignored regex_options                      PCRE2 flags
  ignored regex_min_offset                   first byte to search
  ignored regex_max_offset                   last byte to search
  ignored regex_stack                        JIT stack start/max
`;
const HTTP_URL = wordBlock('url', URL_WORDS);
const SSL_URL = wordBlock(
  'url',
  URL_WORDS +
    `
  ignored tls_compliant                      send close_notify
`,
);
const GET_WORDS =
  COMMON +
  `
  ignored nb_get_retry                       deprecated name of retry
  none    virtualhost                        Host header for this probe
  ignored http_protocol                      1.0 / 1.0C / 1.1
  ignored enable_sni                         send SNI (name = virtualhost)
  ignored sni_name                           explicit SNI name
  ignored fast_recovery                      check all URLs back-to-back on start/recovery
  ignored url{}                              URL test (several allowed)
`;
const HTTP_GET = wordBlock('HTTP_GET', GET_WORDS, { url: HTTP_URL });
const SSL_GET = wordBlock(
  'SSL_GET',
  GET_WORDS +
    `
  ignored tls_compliant                      send close_notify
`,
  { url: SSL_URL },
);
const DNS_CHECK = wordBlock(
  'DNS_CHECK',
  COMMON +
    `
  ignored type                               query type: A NS CNAME SOA MX TXT AAAA RRSIG DNSKEY
  ignored name                               name to query (default .)
`,
);
const MISC_CHECK = wordBlock(
  'MISC_CHECK',
  TIMING +
    `
  ignored misc_path                          program and args
  ignored misc_timeout                       run limit
  ignored misc_dynamic                       exit status 2-255 sets weight (status-2)
  ignored user                               user [:][group] to run as
`,
);
const FILE_CHECK = wordBlock(
  'FILE_CHECK',
  `
  ignored track_file                         which track_file
  ignored weight                             multiplier for IPVS weight
`,
);
const BFD_CHECK = wordBlock(
  'BFD_CHECK',
  `
  ignored name                               bfd_instance name
  ignored alpha                              down until the first good check
`,
);

export const REAL_SERVER_WORDS = words(
  `
  ignored notify_up                          script on RS up
  ignored notify_down                        script on RS down
  none    smtp_alert                         mail on RS change
  none    virtualhost                        default Host header
  none    snmp_name                          label in SNMP output
  ignored MISC_CHECK{}                       external program probe
  ignored SMTP_CHECK{}                       SMTP HELO probe
  ignored PING_CHECK{}                       ICMP echo probe
  ignored UDP_CHECK{}                        UDP probe
  ignored HTTP_GET{}                         HTTP probe
  ignored SSL_GET{}                          HTTPS probe
  ignored DNS_CHECK{}                        DNS query probe
  ignored FILE_CHECK{}                       state read from a track_file
  ignored BFD_CHECK{}                        state of a BFD session
`,
  {
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
);

export const VIRTUAL_SERVER_WORDS = words(`
  ignored ip_family                          inet/inet6 for fwmark services
  none    hashed                             no effect flag kept for compatibility
  ignored persistence_engine                 pe name (sip)
  ignored ha_suspend                         stop probing while the VIP is not on this host
  none    smtp_alert                         mail on quorum change
  none    virtualhost                        default Host header for HTTP probes
  none    snmp_name                          label in SNMP output
  none    omega                              run down notifiers at shutdown
  ignored quorum_up                          script on quorum gain
  ignored quorum_down                        script on quorum loss
  none    quorum                             minimum total live weight (1)
  none    hysteresis                         weight slack when judging quorum
  ignored sorry_server                       server used when quorum is lost
  ignored sorry_server_inhibit               weight-0 behaviour for sorry server
  ignored sorry_server_lvs_method            forwarding of sorry server
`);
