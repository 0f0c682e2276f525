import { defineConfig } from '@playwright/test';
import { chromium } from './fixtures/chromium';

process.env.STOA_DEV_FLAGS ??= '--statements 1000000 --members 10000';

// Measures the console on a large tenant, page by page, and holds it to its bounds: `make bench-ui`.
export default defineConfig({
  testDir: 'bench',
  testMatch: '*.bench.ts',
  outputDir: '../test-results/bench',
  timeout: 600_000,
  // One thing at a time: the machine belongs to what is measured.
  workers: 1,
  reporter: [['line']],
  globalSetup: './fixtures/server.ts',
  use: {
    launchOptions: { executablePath: chromium(), args: ['--no-sandbox'] },
    locale: 'en-US',
    viewport: { width: 1440, height: 900 },
    contextOptions: { reducedMotion: 'reduce' },
  },
});
