// Entry point of the balancer process; started by the director only.
import { runBalancer } from './balancer-process.ts';

if (import.meta.main) runBalancer();
