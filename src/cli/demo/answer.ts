// HTTP as far as the demo's client needs it: one GET, one answer with a Content-Length and a small JSON
// body. Node's own client takes twice the processor time for it (measured), which in a slow virtual
// machine shows as an outage.

export type Answer = { server: string; count: number };

const HEAD_MAX = 4_096;
const OK = 'HTTP/1.1 200 ';

/** `keep`: the connection stays open for the next one. */
export function requestText(host: string, path: string, keep: boolean): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${keep ? 'keep-alive' : 'close'}\r\n\r\n`;
}

/** From everything that has come since the request. More than one answer to one request is a broken one. */
export function readAnswer(text: string): Answer | 'incomplete' | 'broken' {
  if (!text.startsWith(OK.slice(0, text.length))) return 'broken';
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text.length > HEAD_MAX ? 'broken' : 'incomplete';
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1];
  if (length === undefined) return 'broken';
  const body = text.slice(end + 4);
  if (body.length < Number(length)) return 'incomplete';
  return body.length > Number(length) ? 'broken' : readBody(body);
}

function readBody(body: string): Answer | 'broken' {
  try {
    const { server, count } = JSON.parse(body) as Partial<Answer>;
    return typeof server === 'string' && typeof count === 'number' ? { server, count } : 'broken';
  } catch {
    return 'broken';
  }
}
