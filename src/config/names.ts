// Names of numbers in routes, rules and groups of interfaces: iproute2's. Those that every machine has are
// here; what the files of a machine say comes in, and goes before.
import type { GLOBAL_DEFS } from './schema/global.ts';
import { type Settings, settled } from './settings.ts';

/** iproute2's own names of the files. */
export type NameFile = 'rt_tables' | 'rt_protos' | 'rt_scopes' | 'rt_realms' | 'rt_dsfield' | 'group';
/** `etc` goes before `usr`, which distributions fill. */
export type NameDirectories = { etc: string; usr: string };
/** The text of a file and of the directory of its additions (`rt_tables.d`); '' when there is none. */
export type ReadNames = (file: NameFile, directories: NameDirectories) => string;

export type Names = {
  /** Undefined when it is neither a number nor a name that is known. */
  numberOf(file: NameFile, word: string): number | undefined;
};

/** RTPROT_KEEPALIVED: by it a later director, and the guardian, know what is VRRP's. */
export const RTPROT_KEEPALIVED = 18;
/** <linux/rtnetlink.h>, and what iproute2 brings. */
const EVERYWHERE: Readonly<Record<NameFile, Readonly<Record<string, number>>>> = {
  rt_tables: { default: 253, main: 254, local: 255 },
  rt_protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    gated: 8,
    ra: 9,
    mrt: 10,
    zebra: 11,
    bird: 12,
    dnrouted: 13,
    xorp: 14,
    ntk: 15,
    dhcp: 16,
    mrouted: 17,
    keepalived: RTPROT_KEEPALIVED,
    babel: 42,
    bgp: 186,
    isis: 187,
    ospf: 188,
    rip: 189,
    eigrp: 192,
  },
  rt_scopes: { global: 0, universe: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  rt_realms: { cosmos: 0 },
  rt_dsfield: { default: 0 },
  group: { default: 0 },
};
const NUMBER = /^\+?(0x[0-9a-f]+|\d+)$/i;
const LINE = /^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)\s*(?:#.*)?$/i;

/** Files are read when a name is asked for that is no number: most configurations have none. */
export function namesOf(globals: Settings<typeof GLOBAL_DEFS>, read: ReadNames = () => ''): Names {
  const directories = {
    etc: settled(globals, 'iproute_etc_dir').value,
    usr: settled(globals, 'iproute_usr_dir').value,
  };
  const known = new Map<NameFile, ReadonlyMap<string, number>>();
  const tableOf = (file: NameFile) => {
    const table = known.get(file) ?? parseNames(read(file, directories));
    known.set(file, table);
    return table;
  };
  return {
    numberOf(file, word) {
      if (NUMBER.test(word)) return Number(word.replace('+', ''));
      const usual = EVERYWHERE[file];
      const name = word.toLowerCase();
      return tableOf(file).get(word) ?? (Object.hasOwn(usual, name) ? usual[name] : undefined);
    },
  };
}

/** Of two lines with one name the first counts, as for keepalived; what is no such line is passed over. */
function parseNames(text: string): Map<string, number> {
  const names = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, number, name] = LINE.exec(line) ?? [];
    if (name !== undefined && !names.has(name)) names.set(name, Number(number));
  }
  return names;
}
