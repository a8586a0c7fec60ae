// The demo's client as a program of its own in the client's namespace: `client-main.ts ADDRESS PORT`.
import { runClient } from './client.ts';

const [host = '', port = ''] = process.argv.slice(2);
runClient({ host, port: Number(port) });
