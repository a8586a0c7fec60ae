// Run by log.test.ts: says COUNT events as quickly as it can, tells on standard error how long that took, and
// ends when its standard input does. `speak.ts json|people COUNT`
import { createLog } from '../../src/console/log.ts';

const [form, count] = process.argv.slice(2);
const log = createLog({ people: form === 'people', process: 'director' });
const started = performance.now();
for (let number = 0; number < Number(count); number++) {
  log.notice({
    event: 'vrrp.state',
    message: '(VI_1) Entering MASTER STATE',
    fields: { instance: 'VI_1', from: 'BACKUP', to: 'MASTER', number, priority: 150, authPass: 'hunter2' },
  });
}
process.stderr.write(`${performance.now() - started}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
