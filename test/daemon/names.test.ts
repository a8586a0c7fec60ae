// What ps, pgrep and top call a running director's processes and its elector.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { until } from '../linux/elector-pair.ts';
import { makeNamespace, TestDirector } from './director.ts';

const namespace = makeNamespace(`lvsd-names-${process.pid}`);
afterAll(() => namespace.remove());

const text = (words: string) => `
global_defs {
    ${words}
}
vrrp_instance V {
    interface eth0
    virtual_router_id 51
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.77.0.51/24
    }
}
director {
    engine embedded
}
`;
const nameOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
function threadsOf(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trimEnd());
}
const found = (name: string) => execFileSync('pgrep', ['-x', name], { encoding: 'utf8' }).split('\n');

test('each has its own name, that of the file, and the usual one again when the file has none', async () => {
  const director = new TestDirector(namespace.name, text('process_names'));
  try {
    await director.line({ event: 'vrrp.state', to: 'MASTER' });
    const { pid, balancerPid } = director;
    expect([nameOf(pid), nameOf(balancerPid)]).toEqual(['lvs-director', 'lvs-balancer']);
    expect(threadsOf(pid)).toContain('lvs-elector');
    expect(found('lvs-director')).toContain(String(pid));

    const words = 'process_name keepalived\nvrrp_process_name keepalived_vrrp\nlvs_process_name old';
    director.write(text(`${words}\nchecker_process_name keepalived_ipvs`));
    director.signal('SIGHUP');
    await until('the new names', () => nameOf(pid) === 'keepalived' && threadsOf(pid)[0] === 'keepalived');
    await until('the thread', () => threadsOf(pid).includes('keepalived_vrrp'));
    expect(threadsOf(pid)).not.toContain('lvs-elector');
    expect(nameOf(balancerPid)).toBe('keepalived_ipvs');
    expect(found('keepalived')).toContain(String(pid));

    // The balancer that takes the place of a dead one is called the same.
    process.kill(balancerPid, 'SIGKILL');
    await until('another balancer', () => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
      return (
        children !== '' && Number(children) !== balancerPid && nameOf(Number(children)) === 'keepalived_ipvs'
      );
    });

    director.write(text(''));
    const from = director.lines.length;
    director.signal('SIGHUP');
    await director.line({ event: 'config.loaded' }, { from });
    await until('the usual names', () => nameOf(pid) === 'lvs-director');
    await until('the thread', () => threadsOf(pid).includes('lvs-elector'));
  } finally {
    await director.remove();
  }
  expect(await director.ended).toBe(0);
});
