// Whom to tell, and in which words. Expected is what a program that prints its arguments printed when
// keepalived 2.2.7 ran it, and what keepalived wrote to its pipe.
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { difference } from '../../src/director/difference.ts';
import { type Happening, pipeLine, programsFor, wordFor } from '../../src/director/notify.ts';
import { planConfiguration } from '../../src/director/plan-document.ts';
import { planNotify } from './notify-plan.ts';

const text = (more: string, global = '') => `
global_defs {
    script_user admin staff
    ${global}
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        10.0.0.50
    }
    ${more}
}
`;
const plan = (more: string, global?: string) =>
  planNotify(readConfiguration([{ name: 'a.conf', text: text(more, global) }], {}).configuration);

const PROGRAMS = `
    notify_master "/bin/m 'a b'"
    notify_backup /bin/b nobody
    notify_fault /bin/f
    notify_stop /bin/s
    notify_deleted /bin/d
    notify_master_rx_lower_pri /bin/l
    notify "/bin/n any" nobody nogroup
`;
const [listener] = plan(PROGRAMS).instances;
const happening = (word: Happening['word']): Happening => ({
  kind: 'INSTANCE',
  name: 'VI_1',
  word,
  priority: 100,
});
const any = (word: string) => ['/bin/n', 'any', 'INSTANCE', 'VI_1', word, '100'];

test.each([
  ['MASTER', [['/bin/m', 'a b'], any('MASTER')]],
  ['BACKUP', [['/bin/b'], any('BACKUP')]],
  ['FAULT', [['/bin/f'], any('FAULT')]],
  ['STOP', [['/bin/s'], any('STOP')]],
  ['DELETED', [['/bin/d'], any('DELETED')]],
  ['MASTER_RX_LOWER_PRI', [['/bin/l']]],
  ['MASTER_PRIORITY', []],
] as const)('%s: its own program with nothing added, then the one for all with four words', (word, argv) => {
  expect(programsFor(listener!, happening(word)).map((program) => program.argv)).toEqual(argv);
});

test('who runs it: as it says, else as script_user says, its group not mixed with another user', () => {
  expect(programsFor(listener!, happening('MASTER')).map(({ user, group }) => [user, group])).toEqual([
    ['admin', 'staff'],
    ['nobody', 'nogroup'],
  ]);
  expect(listener!.programs.backup).toEqual({ argv: ['/bin/b'], user: 'nobody' });
});

test('a line of a pipe', () => {
  expect(pipeLine(happening('MASTER_RX_LOWER_PRI'))).toBe('INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100\n');
});

test('a state is told once; a master that hands over is one until it has', () => {
  expect(wordFor(undefined, 'BACKUP')).toBe('BACKUP');
  expect(wordFor('BACKUP', 'MASTER')).toBe('MASTER');
  expect(wordFor('MASTER', 'LEAVING')).toBeUndefined();
  expect(wordFor('MASTER', 'MASTER')).toBeUndefined();
  expect(wordFor('MASTER', 'INIT')).toBe('STOP');
  expect(wordFor(undefined, 'INIT')).toBeUndefined();
});

test('notify_deleted without a program: DELETED is told all the same', () => {
  const [bare] = plan('notify_deleted').instances;
  expect(bare).toMatchObject({ tellsDeleted: true, programs: {} });
  expect(plan('').instances[0]).toMatchObject({ tellsDeleted: false });
});

test('pipes with their readers, and the programs around it all', () => {
  const global = `
    notify_fifo /run/all.fifo nobody
    notify_fifo_script "/bin/reader -v"
    vrrp_notify_fifo /run/vrrp.fifo
    vrrp_notify_priority_changes
    startup_script /bin/up
    startup_script_timeout 3
    shutdown_script /bin/down root
`;
  const admin = { user: 'admin', group: 'staff' };
  expect(plan('', global)).toMatchObject({
    pipes: [
      { path: '/run/all.fifo', user: 'nobody', reader: { argv: ['/bin/reader', '-v'], ...admin } },
      { path: '/run/vrrp.fifo' },
    ],
    startup: { argv: ['/bin/up'], ...admin, timeoutMs: 3000 },
    shutdown: { argv: ['/bin/down'], user: 'root', timeoutMs: 10_000 },
    instances: [{ priorityChanges: true }],
  });
  expect(plan('notify_priority_changes off', global).instances[0]!.priorityChanges).toBe(false);
});

test('of two programs for one thing the first counts, as in keepalived', () => {
  const { programs } = plan('notify /bin/one\nnotify /bin/two').instances[0]!;
  expect(programs.any?.argv).toEqual(['/bin/one']);
});

test('a webhook is a secret: neither a plan nor a difference shows where it leads', () => {
  const text = (path: string) => `director {
    notify {
        webhook https://hooks.example.net/${path}
        webhook_timeout 2
    }
}
`;
  const configured = (path: string) =>
    readConfiguration([{ name: 'a.conf', text: text(path) }], {}).configuration;
  expect(planNotify(configured('one')).webhooks).toEqual([
    { url: 'https://hooks.example.net/one', timeoutMs: 2000 },
  ]);
  const [before, after] = ['one', 'two'].map((path) => planConfiguration(configured(path), 'salt'));
  const { changes } = difference(before!, after!);
  expect(changes).toMatchObject([{ what: 'director', do: 'changed', fields: [{ field: 'webhooks' }] }]);
  expect(JSON.stringify([before, changes])).not.toContain('example.net');
});
