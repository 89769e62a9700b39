import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'services/*/src/**/*.test.ts',
      'infra/tooling/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    globalSetup: ['infra/tooling/shared-kafka.ts'],
    pool: 'forks',
    // One more than the least machine has cores: the long tests wait for the most part.
    maxWorkers: 3,
    // Concurrent tests share one server, and wait for it more than they work.
    maxConcurrency: 16,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What must come true in the end may take a busy machine longer than the usual second; what must hold is the same.
    expect: { poll: { timeout: 10_000 } },
  },
});
