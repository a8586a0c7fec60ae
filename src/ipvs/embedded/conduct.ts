// How connections begin and end, as far as it can be chosen: the settings of net.ipv4.vs that mean something
// to this engine, by the kernel's names, with its defaults (Documentation/networking/ipvs-sysctl.rst).

const USUAL = {
  expire_nodest_conn: 0,
  expire_quiescent_template: 0,
  conn_reuse_mode: 1,
  sloppy_tcp: 0,
  sloppy_sctp: 0,
};
export type Conduct = typeof USUAL;
export type ConductName = keyof Conduct;

export const usualConduct = (): Conduct => ({ ...USUAL });

export function isConductName(name: string): name is ConductName {
  return Object.hasOwn(USUAL, name);
}
