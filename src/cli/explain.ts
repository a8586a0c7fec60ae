// `lvs-director check --explain WORD`: what is known of a keyword, an option, or the code of a diagnostic.
import { explain, renderAnswer } from '../config/explain.ts';

export function explainWord(word: string, { json }: { json: boolean }): { exitCode: 0 | 2; output: string } {
  const answer = explain(word);
  const output = json ? `${JSON.stringify(answer, null, 2)}\n` : renderAnswer(answer);
  return { exitCode: answer.nearest === undefined ? 0 : 2, output };
}
