// Bounds of Linux that more than one folder has to keep.

/** Bytes of a Unix socket's path: sun_path of sockaddr_un holds 108, the last of them a zero. */
export const LONGEST_SOCKET_PATH = 107;
