#!/usr/bin/env node
// Reads a director's log (JSON lines) and runs a command for each event that somebody should hear of.
//   watch-failover.mjs [--events NAME,NAME…] -- COMMAND ARGUMENTS…
// The command gets the text as its last argument and the whole line on standard input. One runs at a time, in
// order. Needs nothing but Node 18 or later.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const WORTH_HEARING = [
  'vrrp.state',
  'config.rejected',
  'balancer.lost',
  'director.failed',
  'service.down',
  'vip.failed',
];

const words = process.argv.slice(2);
const end = words.indexOf('--');
const options = end < 0 ? words : words.slice(0, end);
const command = end < 0 ? [] : words.slice(end + 1);
const named = options.indexOf('--events');
const events = new Set(named < 0 ? WORTH_HEARING : (options[named + 1] ?? '').split(','));
if (command.length === 0) {
  process.stderr.write('usage: watch-failover.mjs [--events NAME,NAME…] -- COMMAND ARGUMENTS…\n');
  process.exit(2);
}

/** Undefined for lines that are no events: other programs write to the same journal. */
function parse(line) {
  try {
    const record = JSON.parse(line);
    return typeof record?.event === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

function tell(text, line) {
  return new Promise((resolve) => {
    const child = spawn(command[0], [...command.slice(1), text], { stdio: ['pipe', 'inherit', 'inherit'] });
    child.stdin.on('error', () => {}); // it may not want to read
    child.stdin.end(`${line}\n`);
    child.on('error', (error) => {
      process.stderr.write(`watch-failover: ${error.message}\n`);
      resolve();
    });
    child.on('close', resolve);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const record = parse(line);
  if (record === undefined || !events.has(record.event)) continue;
  await tell(`${record.event}: ${record.msg}`, line);
}
