// Keeps settings of the whole of IPVS as the file wants them (`ipvs` of director), and one of them as a drain
// does for a while (`expire_templates`): the drain's word counts as long as it goes on, then the file's. What
// was there before comes back when nobody wants anything of a setting any more.
import { isDeepStrictEqual } from 'node:util';
import type { Notice } from '../core/events.ts';
import type { DataPlane, SettingValues } from '../ipvs/plane.ts';

const TEMPLATES = 'expire_quiescent_template';
const PATH = 'net.ipv4.vs';

type Plane = Pick<DataPlane, 'engine' | 'readSetting' | 'changeSetting'>;
type Edges = {
  say: (notice: Notice) => void;
  /** {@link SettingKeeper.former} is another one. */
  changed: () => void;
};

export class SettingKeeper {
  readonly #plane: Plane;
  readonly #edges: Edges;
  /** Before they were first changed. */
  readonly #former = new Map<string, string>();
  /** What was said once: settings that there are none of, and those that cannot be changed. */
  readonly #said = new Set<string>();
  /** Undefined = not asked yet. */
  #ofFile: SettingValues | undefined;
  #isDraining = false;

  constructor(plane: Plane, edges: Edges) {
    this.#plane = plane;
    this.#edges = edges;
  }

  get former(): ReadonlyMap<string, string> {
    return this.#former;
  }
  /** What a balancer that died had changed. */
  adopt(former: ReadonlyMap<string, string>): void {
    for (const [name, value] of former) this.#former.set(name, value);
  }

  /** Nothing given: all of it is again as it was, but for what a drain wants. */
  configure(ofFile: SettingValues): void {
    if (isDeepStrictEqual(ofFile, this.#ofFile)) return;
    const names = new Set([...Object.keys(ofFile), ...this.#former.keys()]);
    this.#ofFile = ofFile;
    const missing = [...names].filter((name) => this.#plane.readSetting(name) === undefined);
    this.#reportMissing(missing.filter((name) => name in ofFile));
    const changes = [...names].flatMap((name) => (missing.includes(name) ? [] : (this.#settle(name) ?? [])));
    if (changes.length === 0) return;
    const said = changes.map(({ name, from, to }) => `${name} ${from} → ${to}`).join(', ');
    this.#edges.say({ event: 'ipvs.settings', message: `${PATH}: ${said}`, fields: { changes } });
  }

  /** While a server is drained whose persistent clients get another one. */
  expireTemplates(isDraining: boolean): void {
    if (isDraining === this.#isDraining) return;
    this.#isDraining = isDraining;
    this.#settle(TEMPLATES);
  }
  /** Undefined: no drain has changed it. */
  get formerTemplates(): string | undefined {
    return this.#isDraining ? this.#former.get(TEMPLATES) : undefined;
  }
  /** A former balancer, which may have died with its director, was draining. */
  adoptTemplates(former: string): void {
    this.#isDraining = true;
    if (!this.#former.has(TEMPLATES)) this.#former.set(TEMPLATES, former);
  }

  #wanted(name: string): string | undefined {
    if (name === TEMPLATES && this.#isDraining) return '1';
    return this.#ofFile?.[name]?.toString();
  }

  #settle(name: string): { name: string; from: string; to: string } | undefined {
    const from = this.#plane.readSetting(name);
    const wanted = this.#wanted(name);
    const to = wanted ?? this.#former.get(name);
    if (from === undefined || to === undefined) return undefined;
    const reason = from === to ? undefined : this.#plane.changeSetting(name, to);
    if (reason !== undefined) return this.#reportFailed(name, to, reason);
    if (wanted === undefined) this.#former.delete(name);
    else if (!this.#former.has(name)) this.#former.set(name, from);
    this.#edges.changed();
    return from === to ? undefined : { name, from, to };
  }

  #reportMissing(names: readonly string[]): void {
    const news = names.filter((name) => !this.#said.has(name));
    for (const name of news) this.#said.add(name);
    if (news.length === 0) return;
    const isKernel = this.#plane.engine === 'kernel';
    const who = isKernel ? 'this kernel' : 'the embedded engine';
    const hint = isKernel
      ? 'take them out of `ipvs`, or use a kernel that has them: `ls /proc/sys/net/ipv4/vs`'
      : 'they mean nothing to an engine that is no part of the kernel’s network stack';
    const message = `${who} has no ${news.join(', ')}: left out`;
    this.#edges.say({ event: 'ipvs.unset', message, fields: { settings: news, hint } });
  }

  #reportFailed(name: string, value: string, reason: string): undefined {
    const news = `${name} ${value} ${reason}`;
    if (this.#said.has(news)) return;
    this.#said.add(news);
    const hint = 'in a container /proc/sys may be read-only: set it outside, or mount it writable';
    const message = `${PATH}.${name} cannot be set to ${value}: ${reason}`;
    this.#edges.say({ event: 'ipvs.unset', message, fields: { settings: [name], reason, hint } });
  }
}
