// The operator's mistakes and the machine's refusals: a stable code and the next step. Our own mistakes
// are asserts.

export const HINTS = {
  CONFIG_INVALID: 'run `lvs-director check FILE` for all diagnostics',
  CONFIG_MISSING: 'name a configuration with -f FILE',
  IPVS_MODULE_MISSING: 'run `modprobe ip_vs`, or add ip_vs to /etc/modules-load.d/; or set `engine embedded`',
  NETLINK_DENIED:
    'the director needs CAP_NET_ADMIN and CAP_NET_RAW: start it as root or through its systemd unit',
  INTERFACE_MISSING: 'check the name with `ip link`; the interface has to exist when the director starts',
  RUNTIME_DIRECTORY:
    'give `runtime_directory` a directory of its own, mode 0750, owned by the user the director runs as',
  OPTION_INVALID: '`lvs-director help COMMAND` shows what it takes',
  STATE_FILE:
    'it holds what `realserver apply` changed, for `remove`: run both as root, or name another with --state',
  CONTROL_IN_USE:
    'two directors need two sockets: give one of them `control PATH` or a `runtime_directory` of its own',
  CONTROL_SILENT: 'does a director run, and as which user? `--control PATH` names its socket',
  ORDER_INVALID: '`lvs-director weight` lists services and servers',
  CONTROL_REFUSED: 'the director and this command may be of different versions',
  DEVICE_TAKEN: 'the name is ours: `ip link` shows what has it',
  SYSTEM_CALL: 'see the error name; `strace -f` shows the call',
} as const;
export type ErrorCode = keyof typeof HINTS;

export class DirectorError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DirectorError';
    this.code = code;
    this.hint = HINTS[code];
  }
}
