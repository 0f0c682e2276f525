import { defineConfig } from '@playwright/test';
import { chromium } from './e2e/fixtures/chromium';

// Drives the system's Chromium against a real binary with a real database: e2e/fixtures/server.ts
// starts `stoa dev` on free ports with a state of its own, and signs in as its people.
export default defineConfig({
  testDir: 'e2e',
  // On a machine that does much else a journey of a few pages takes a minute.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  // The tests share a server: each changes only what it made itself, so that they may run in any order.
  fullyParallel: true,
  workers: 2,
  // How soon a page is painted says something only while nothing else runs.
  projects: [
    { name: 'pages', testIgnore: ['screenshots/**', 'bench/**', 'speed.spec.ts'] },
    { name: 'speed', testMatch: 'speed.spec.ts', dependencies: ['pages'], workers: 1 },
  ],
  reporter: [['list']],
  globalSetup: './e2e/fixtures/server.ts',
  use: {
    launchOptions: { executablePath: chromium(), args: ['--no-sandbox'] },
    trace: 'retain-on-failure',
    locale: 'en-US',
    timezoneId: 'America/New_York',
    contextOptions: { reducedMotion: 'reduce' },
  },
});
