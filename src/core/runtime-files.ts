// Where a director keeps its files while it runs, for itself and for those who ask it.

export const RUNTIME_DIRECTORY = '/run/lvs-director';

/** Where the control socket is when the file does not say. */
export function controlPath(runtimeDirectory: string): string {
  return `${runtimeDirectory}/control.sock`;
}

/** Bytes of a Unix socket's path: sun_path of sockaddr_un holds 108, the last of them a zero. */
export const LONGEST_SOCKET_PATH = 107;
