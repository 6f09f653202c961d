// SPDX-License-Identifier: Apache-2.0
// watchdog.mjs DIR: as soon as its standard input ends, ends every process that has DIR in its command line and removes
// DIR. Members outlive their server, and a test that was killed ends nothing any more; that input ends in any case.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const dir = process.argv[2];
const theirs = () => readdirSync('/proc').map(Number).filter((pid) => {
  if (!Number.isInteger(pid) || pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
  } catch {
    return false;
  }
});

// One that is killed together with the test would be no watchdog.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.stdin.resume();
process.stdin.once('error', () => {});
await new Promise((resolve) => process.stdin.once('close', resolve));
for (let i = 0; i < 50; i += 1) {
  const found = theirs();
  if (found.length === 0) break;
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has gone by itself
    }
  }
  await sleep(100);
}
rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
