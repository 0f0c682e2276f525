import { defineConfig } from '@playwright/test';
import { chromium } from './fixtures/chromium';
import type { Look } from './screenshots/studio';

const desk = { width: 1440, height: 900 };

// Takes pictures of the console into screenshots/, a folder a look: `make screenshots`. It
// tests little, but fails where a page or a dialog cannot be reached.
export default defineConfig<Look>({
  testDir: 'screenshots',
  testMatch: '*.shots.ts',
  outputDir: '../test-results/screenshots',
  timeout: 240_000,
  workers: 1,
  reporter: [['list']],
  globalSetup: './fixtures/server.ts',
  use: {
    launchOptions: { executablePath: chromium(), args: ['--no-sandbox'] },
    locale: 'en-US',
    viewport: desk,
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 15_000,
  },
  projects: [
    { name: 'light', use: { look: 'light', key: 'Moodle production' } },
    { name: 'dark', use: { look: 'dark', key: 'Articulate Storyline', colorScheme: 'dark' } },
    { name: 'phone', use: { look: 'phone', key: 'Mobile coaching app', viewport: { width: 390, height: 844 } } },
    {
      name: 'small phone',
      use: {
        look: 'small-phone',
        key: 'Nightly synchronisation of completions between the warehouses in Rotterdam and the learning platform',
        viewport: { width: 320, height: 640 },
        colorScheme: 'dark',
      },
    },
    { name: 'German', use: { look: 'german', key: 'Lernplattform der Personalabteilung', locale: 'de-DE' } },
    {
      name: 'German phone',
      use: { look: 'german-phone', key: 'Schulungs-App', locale: 'de-DE', viewport: { width: 360, height: 740 } },
    },
    // A window of 1280 by 800 at 200 %.
    {
      name: 'zoom',
      use: { look: 'zoom', key: 'Power BI reader', viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
    },
  ],
});
