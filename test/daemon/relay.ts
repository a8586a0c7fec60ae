// A mail relay: the smtp-server package, with what it was given kept. Run as a program it is one without
// encryption on port 2525 of its namespace, and prints a line of JSON for each mail.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export type Taken = {
  helo: string;
  from: string;
  to: string[];
  user: string;
  isEncrypted: boolean;
  mail: string;
};

export async function startRelay(
  options: SMTPServerOptions,
  port: number,
  take: (taken: Taken) => void,
): Promise<{ port: number; close: () => void }> {
  const server = new SMTPServer({
    ...options,
    onData(stream, session, done) {
      let mail = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        mail += chunk;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        take({
          helo: String(session.hostNameAppearsAs),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: String(session.user ?? ''),
          isEncrypted: session.secure,
          mail,
        });
        done();
      });
    },
  });
  // Clients that hang up in the middle are what some tests are about.
  server.on('error', () => {});
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return { port: (server.server.address() as AddressInfo).port, close: () => void server.close() };
}

if (import.meta.main) {
  const plain = { authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'] };
  await startRelay(plain, 2525, (taken) => console.log(JSON.stringify(taken)));
  console.log('ready');
}
