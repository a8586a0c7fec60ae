// Words that files from elsewhere have: of keepalived's forks and of its own past. Not part of the language;
// only for the hint beside "unknown word".

const FORK = "a fork's (FullNAT LVS, DPVS): IPVS has nothing like it, leave it out";
const PAST = 'of a keepalived from before 2.0: leave it out';

const FOREIGN: Readonly<Record<string, string>> = {
  local_address_group: FORK,
  laddr_group_name: FORK,
  daddr_group_name: FORK,
  snat_rule: FORK,
  syn_proxy: FORK,
  synproxy: FORK,
  vip_bind_dev: FORK,
  establish_timeout: FORK,
  nat_mask: PAST,
  lvs_sync_daemon_inteface: 'an old misspelling: write `lvs_sync_daemon` in global_defs',
};

export function foreignHint(word: string): string | undefined {
  return Object.hasOwn(FOREIGN, word) ? FOREIGN[word] : undefined;
}
