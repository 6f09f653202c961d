// SPDX-License-Identifier: Apache-2.0
// Tests of the whole page in a real browser, against a real server with real etcd: scripts/test runs them.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    bail: 0,
  },
});
