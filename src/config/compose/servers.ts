// The blocks `servers` of director → how real servers come into service and leave it. Several say one thing
// together: the last word counts.
import type { ExceptionSelects, ServerException, ServerPolicy, ServersSetting } from '../model-services.ts';
import type { DIRECTOR } from '../schema/director.ts';
import type { ServiceHead } from '../schema/endpoints.ts';
import { SERVERS } from '../schema/servers.ts';
import { all, last, noSettings, type Settings, settled } from '../settings.ts';

type Words = Settings<typeof SERVERS>;
type ExceptionWords = Settings<(typeof SERVERS)['keywords']['virtual_server']['block']>;

export function composeServers(settings: Settings<typeof DIRECTOR>): ServersSetting {
  const blocks = all(settings, 'servers').map(({ body }) => body);
  const newest = (word: 'slow_start' | 'drain_removed' | 'drain_deadline' | 'expire_templates') =>
    blocks.findLast((body) => last(body, word) !== undefined) ?? noSettings(SERVERS, settings.at);
  return {
    slowStartMs: settled(newest('slow_start'), 'slow_start'),
    drainsRemoved: settled(newest('drain_removed'), 'drain_removed'),
    drainDeadlineMs: settled(newest('drain_deadline'), 'drain_deadline'),
    expiresTemplates: settled(newest('expire_templates'), 'expire_templates'),
    exceptions: blocks.flatMap(composeExceptions),
  };
}

function composeExceptions(words: Words): ServerException[] {
  return all(words, 'virtual_server').map(({ value, at, body }) => ({
    at,
    selects: selectsOf(value),
    ...policyOf(body),
  }));
}

function policyOf(words: ExceptionWords): Partial<ServerPolicy> {
  const slowStartMs = last(words, 'slow_start');
  const drainsRemoved = last(words, 'drain_removed');
  const drainDeadlineMs = last(words, 'drain_deadline');
  const expiresTemplates = last(words, 'expire_templates');
  return {
    ...(slowStartMs === undefined ? {} : { slowStartMs }),
    ...(drainsRemoved === undefined ? {} : { drainsRemoved }),
    ...(drainDeadlineMs === undefined ? {} : { drainDeadlineMs }),
    ...(expiresTemplates === undefined ? {} : { expiresTemplates }),
  };
}

function selectsOf(head: ServiceHead): ExceptionSelects {
  if ('fwmark' in head) return { mark: head.fwmark.value };
  if ('group' in head) return { group: head.group.value };
  return { address: head.address.value, port: head.port?.value ?? 0 };
}
