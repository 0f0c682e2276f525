import type { Page } from '@playwright/test';
import { expect, settled, test, url } from './fixtures/test';
import { places } from './routes';

/** Milliseconds until the largest part is painted, on this machine and loaded as tests load it. */
const slowest = 2500;
/** How much may jump while a page loads: web.dev/articles/cls calls 0.1 good. */
const steadiest = 0.05;

interface Vitals {
  largest: number;
  shift: number;
}

/** What the page measured of its load so far. */
const vitals = (page: Page) => page.evaluate(() => (window as unknown as { vitals: Vitals }).vitals);

test.beforeEach(({ page }) =>
  page.addInitScript(() => {
    const found = { largest: 0, shift: 0 };
    Object.assign(window, { vitals: found });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) found.largest = entry.startTime;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) found.shift += (entry as unknown as { value: number }).value;
    }).observe({ type: 'layout-shift', buffered: true });
  }),
);

for (const { path, who } of places) {
  test(`${path} is painted soon and does not jump`, async ({ page, signedInAs }) => {
    await signedInAs(...who);
    // The machine may be busy with something else: one load of a few has to be quick, but none may jump.
    await expect(async () => {
      await page.goto(url(path));
      await settled(page);
      await expect.poll(async () => (await vitals(page)).largest).toBeGreaterThan(0);
      const { largest, shift } = await vitals(page);
      test
        .info()
        .annotations.push({ type: 'vitals', description: `LCP ${Math.round(largest)} ms, CLS ${shift.toFixed(4)}` });
      expect.soft(shift, 'cumulative layout shift').toBeLessThanOrEqual(steadiest);
      expect(largest, 'largest contentful paint').toBeLessThanOrEqual(slowest);
    }).toPass({ timeout: 90_000 });
  });
}
