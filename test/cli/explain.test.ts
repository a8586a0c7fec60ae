// `check --explain WORD`: for people, as JSON, and for unknown words; and that a check still wants a file.
import { describe, expect, test, vi } from 'vitest';
import { explainWord } from '../../src/cli/explain.ts';
import { program } from '../../src/cli/program.ts';

describe('check --explain', () => {
  test('prints for people', () => {
    const { exitCode, output } = explainWord('weight', { json: false });
    expect(exitCode).toBe(0);
    expect(output).toContain('  in         virtual_server > real_server\n');
    expect(output).toContain('  takes      NUMBER, at least 0\n');
  });

  test('prints JSON', () => {
    const { exitCode, output } = explainWord('priority', { json: true });
    expect(exitCode).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      word: 'priority',
      explanations: [{ takes: '1 to 255' }, {}, {}],
    });
  });

  test.each([
    ['priorty', 'priority'],
    ['master_refresh', 'garp_master_refresh'],
    ['lvs_shed', 'lvs_sched'],
  ])('ends with 2 for %s, and suggests %s', (word, meant) => {
    const { exitCode, output } = explainWord(word, { json: false });
    expect(exitCode).toBe(2);
    expect(output).toContain(meant);
    expect(explainWord(word, { json: true }).exitCode).toBe(2);
  });

  test('has nothing to suggest for what is no word at all', () => {
    expect(explainWord('', { json: false }).output).toBe('nobody knows ""\n');
    expect(explainWord('zzzzzzzz', { json: false }).output).toBe('nobody knows "zzzzzzzz"\n');
    expect(explainWord('__proto__', { json: true }).exitCode).toBe(2);
  });

  test('needs no file; a check does', async () => {
    const command = program.commands.find((one) => one.name() === 'check')!;
    command.exitOverride().configureOutput({ writeErr: () => {} });
    await expect(program.parseAsync(['check'], { from: 'user' })).rejects.toThrow(
      "missing required argument 'file'",
    );
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await program.parseAsync(['check', '--explain', 'advert_int'], { from: 'user' });
    expect(write.mock.calls.join('')).toContain('SECONDS, 0.01 to 255');
    write.mockRestore();
    expect(process.exitCode).toBe(0);
  });
});
