// Writes examples/monitoring/grafana.json, a dashboard for Grafana 10 and later, from the panels below:
// `node tools/dashboard.ts`, part of `npm run fix`. A test keeps the two equal, and asks promtool about each
// expression.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

type Query = readonly [expression: string, legend: string];
type Panel = {
  title: string;
  kind: 'stat' | 'timeseries' | 'state-timeline';
  queries: readonly Query[];
  /** Grafana's name of it. */
  unit?: string;
  /** From that value on; the first is of everything below the second. */
  colours?: readonly (readonly [from: number | null, colour: string])[];
  /** Of 24. */
  width: number;
};

const HEIGHT = 8;
const COLUMNS = 24;
const SOURCE = { type: 'prometheus', uid: `\${source}` };
const OF_PAIR = 'pair=~"$pair"';
const ALL_SERVERS = `lvs_director_service_servers{${OF_PAIR}}`;
const SERVERS_UP = `lvs_director_service_servers_up{${OF_PAIR}}`;
const RATE = '[$__rate_interval]';

export const PANELS: readonly Panel[] = [
  {
    title: 'Masters of each instance: one',
    kind: 'stat',
    queries: [
      [
        `sum by (pair, vrrp_instance) (lvs_director_vrrp_state{state="MASTER",${OF_PAIR}})`,
        '{{vrrp_instance}}',
      ],
    ],
    colours: [
      [null, 'red'],
      [1, 'green'],
      [2, 'red'],
    ],
    width: 6,
  },
  {
    title: 'Connections that the peer knows',
    kind: 'stat',
    queries: [[`lvs_director_sync_coverage_ratio{${OF_PAIR}}`, '{{instance}}']],
    unit: 'percentunit',
    colours: [
      [null, 'red'],
      [0.99, 'green'],
    ],
    width: 6,
  },
  {
    title: 'Servers that are down',
    kind: 'stat',
    queries: [[`sum by (instance) (${ALL_SERVERS} - ${SERVERS_UP})`, '{{instance}}']],
    colours: [
      [null, 'green'],
      [1, 'orange'],
    ],
    width: 6,
  },
  {
    title: 'Last reload',
    kind: 'stat',
    queries: [[`lvs_director_config_last_reload_successful{${OF_PAIR}}`, '{{instance}}']],
    colours: [
      [null, 'red'],
      [1, 'green'],
    ],
    width: 6,
  },
  {
    title: 'Who is MASTER',
    kind: 'state-timeline',
    queries: [[`lvs_director_vrrp_state{state="MASTER",${OF_PAIR}}`, '{{vrrp_instance}} {{instance}}']],
    colours: [
      [null, 'text'],
      [1, 'green'],
    ],
    width: 24,
  },
  {
    title: 'Adverts a second',
    kind: 'timeseries',
    queries: [
      [
        `rate(lvs_director_vrrp_adverts_sent_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} sent',
      ],
      [
        `rate(lvs_director_vrrp_adverts_received_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} heard',
      ],
    ],
    width: 8,
  },
  {
    title: 'Adverts that did not count, a second',
    kind: 'timeseries',
    queries: [
      [
        `rate(lvs_director_vrrp_adverts_dropped_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} {{reason}}',
      ],
      [
        `rate(lvs_director_vrrp_incidents_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} {{kind}}',
      ],
    ],
    width: 8,
  },
  {
    title: 'Transitions',
    kind: 'timeseries',
    queries: [
      [
        `increase(lvs_director_vrrp_became_master_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} to MASTER',
      ],
      [
        `increase(lvs_director_vrrp_dual_masters_total{${OF_PAIR}}${RATE})`,
        '{{vrrp_instance}} {{instance}} two masters',
      ],
    ],
    width: 8,
  },
  {
    title: 'Servers that are up',
    kind: 'timeseries',
    queries: [[SERVERS_UP, '{{service}} {{instance}}']],
    width: 8,
  },
  {
    title: 'New connections a second',
    kind: 'timeseries',
    queries: [
      [`rate(lvs_director_service_connections_total{${OF_PAIR}}${RATE})`, '{{service}} {{instance}}'],
    ],
    width: 8,
  },
  {
    title: 'Bytes a second',
    kind: 'timeseries',
    queries: [
      [`rate(lvs_director_service_bytes_total{${OF_PAIR}}${RATE})`, '{{service}} {{instance}} {{direction}}'],
    ],
    unit: 'Bps',
    width: 8,
  },
  {
    title: 'Connections of each server',
    kind: 'timeseries',
    queries: [
      [`lvs_director_server_connections{state="active",${OF_PAIR}}`, '{{service}} {{server}} {{instance}}'],
    ],
    width: 8,
  },
  {
    title: 'How long checks take',
    kind: 'timeseries',
    queries: [[`lvs_director_check_duration_seconds{${OF_PAIR}}`, '{{server}} {{check}} {{instance}}']],
    unit: 's',
    width: 8,
  },
  {
    title: 'Lag of sync',
    kind: 'timeseries',
    queries: [[`lvs_director_sync_lag_seconds{${OF_PAIR}}`, '{{instance}}']],
    unit: 's',
    width: 8,
  },
  {
    title: 'Connections',
    kind: 'timeseries',
    queries: [
      [`lvs_director_ipvs_connections{${OF_PAIR}}`, '{{instance}} in the table'],
      [`lvs_director_sync_covered_connections{${OF_PAIR}}`, '{{instance}} on the peer'],
    ],
    width: 8,
  },
  {
    title: 'Packets that the embedded engine could not handle, a second',
    kind: 'timeseries',
    queries: [
      [`rate(lvs_director_engine_dropped_packets_total{${OF_PAIR}}${RATE})`, '{{instance}} {{reason}}'],
    ],
    width: 8,
  },
  {
    title: 'The balancer: processor time, memory',
    kind: 'timeseries',
    queries: [
      [
        `rate(process_cpu_seconds_total{job="lvs-director",${OF_PAIR}}${RATE}) * 100`,
        '{{instance}} % of a processor',
      ],
      [`process_resident_memory_bytes{job="lvs-director",${OF_PAIR}} / 1e6`, '{{instance}} MB'],
    ],
    width: 8,
  },
];

export function renderDashboard(): string {
  const variables = [
    { name: 'source', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
    {
      name: 'pair',
      type: 'query',
      datasource: SOURCE,
      query: 'label_values(lvs_director_info, pair)',
      includeAll: true,
      multi: true,
      refresh: 2,
    },
  ];
  const dashboard = {
    title: 'lvs-director',
    uid: 'lvs-director',
    tags: ['lvs', 'vrrp'],
    schemaVersion: 38,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: variables },
    panels: placed(PANELS),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** In rows, from left to right. */
function placed(panels: readonly Panel[]): object[] {
  let [x, y] = [0, 0];
  return panels.map((panel, index) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + HEIGHT];
    const gridPos = { x, y, w: panel.width, h: HEIGHT };
    x += panel.width;
    return { id: index + 1, gridPos, ...shown(panel) };
  });
}

function shown({ title, kind, queries, unit = 'short', colours }: Panel): object {
  const steps = colours?.map(([value, color]) => ({ value, color }));
  return {
    title,
    type: kind,
    datasource: SOURCE,
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(steps === undefined
          ? {}
          : { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } }),
      },
      overrides: [],
    },
  };
}

if (import.meta.main) {
  const file = fileURLToPath(new URL('../examples/monitoring/grafana.json', import.meta.url));
  writeFileSync(file, renderDashboard());
}
