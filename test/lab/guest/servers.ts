// The three real servers, in one worker thread: each listens in its own namespace. A session line "S 17" is
// echoed as "S 17 rs1 17" (the last word counts the lines of this connection); "Q" is answered "Q rs1" and
// closed.
import { createServer, type Server, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { PORT, SERVERS, type ServerName } from './addresses.ts';
import { inside } from './namespace.ts';

export type ServersCommand = { id: number; do: 'start' | 'stop'; server: ServerName };

const listening = new Map<ServerName, { server: Server; sockets: Set<Socket> }>();

parentPort!.on('message', async ({ id, do: what, server }: ServersCommand) => {
  if (what === 'start') await start(server);
  else stop(server);
  parentPort!.postMessage({ id });
});
for (const server of SERVERS) await start(server);
parentPort!.postMessage({ id: 0 });

/** Like the death of the process: open connections are reset, new ones refused. */
function stop(name: ServerName): void {
  const { server, sockets } = listening.get(name)!;
  server.close();
  for (const socket of sockets) socket.resetAndDestroy();
  listening.delete(name);
}

async function start(name: ServerName): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(name, socket);
  });
  // Without a host listen() makes its socket at once, so still in this namespace.
  inside(name, () => server.listen({ port: PORT, backlog: 4096 }));
  listening.set(name, { server, sockets });
  await new Promise<void>((resolve, reject) => server.on('listening', resolve).on('error', reject));
}

function serve(name: ServerName, socket: Socket): void {
  let lines = 0;
  let pending = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    const complete = (pending + text).split('\n');
    pending = complete.pop()!;
    for (const line of complete) {
      if (line === 'Q') socket.end(`Q ${name}\n`);
      else socket.write(`${line} ${name} ${++lines}\n`);
    }
  });
  socket.on('error', () => socket.destroy());
}
