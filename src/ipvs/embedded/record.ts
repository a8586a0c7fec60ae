// Where in the table's words what a connection is made of is kept.
/**
 * One connection is 64 bytes, what packets need of it in the first 48: the memory of large arrays begins 16
 * bytes behind the start of a page, so that this is one line of the processor's cache whatever the table's
 * size. KIND: serverPort, state << 16, flow << 23. FLAGS: those of sync datagrams, CHANGED, OTHER_FAMILY and
 * WITH_DATA.
 */
export const WORDS = 16;
export const AT = {
  client: 0,
  virtual: 1,
  /** clientPort << 16 | virtualPort. */
  ports: 2,
  flags: 3,
  server: 4,
  kind: 5,
  serverSlot: 6,
  timeout: 7,
  expires: 8,
  next: 9,
  nextReply: 10,
  due: 11,
  control: 12,
  controlled: 13,
  fwmark: 14,
  /** Of a template of a persistence engine, what that knows the client by. */
  data: 15,
} as const;
export const FLOW_SHIFT = 23;
/** Of KIND: all but the state. */
export const FLOW_AND_PORT = 0xff80ffff | 0;
export const CHANGED = 0x10000;
/** The server's address is of the other family: only a tunnel leads there. */
export const OTHER_FAMILY = 0x20000;
/** A template that is found by its data, too. */
export const WITH_DATA = 0x40000;
