// A real web server of the demo. It names itself and counts the requests of each TCP connection, so
// that the client can tell a session that goes on from one that was quietly opened again.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';

/** For as long as the process lives. */
export function serve(name: string, port: number): void {
  const seen = new WeakMap<Socket, number>();
  const server = createServer((request, response) => {
    const count = (seen.get(request.socket) ?? 0) + 1;
    seen.set(request.socket, count);
    const body = JSON.stringify({ server: name, count });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.keepAliveTimeout = 600_000; // a session may be silent for as long as a failover takes, and longer
  server.requestTimeout = 0;
  server.listen(port, '0.0.0.0', 1024);
}
