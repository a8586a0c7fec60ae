// A real web server of the demo as a program of its own in its namespace: `realserver-main.ts NAME PORT`.
import { serve } from './realserver.ts';

const [name = '', port = ''] = process.argv.slice(2);
serve(name, Number(port));
