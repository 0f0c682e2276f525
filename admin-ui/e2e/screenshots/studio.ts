import { readFileSync } from 'node:fs';
import { test as base, expect, type Page } from '@playwright/test';
import { settled, url } from '../fixtures/test';

/** How the pages are looked at, by the projects of screenshots.config.ts. */
export interface Look {
  /** Folder of the pictures. */
  look: string;
  /** Name of the key that is made. */
  key: string;
}

interface Studio {
  /** Signs one of the demo's people in, and comes to a page below /admin. */
  enter: (tenant: string, name: RegExp, path: string) => Promise<void>;
  /** Goes to a page below /admin. */
  visit: (path: string) => Promise<void>;
  /** Takes a picture: of the whole page, or of all that is in the dialog that shall be open. */
  shoot: (name: string, dialog?: 'dialog') => Promise<void>;
  /** The word of the look's language, as src/locales has it: word('keys', 'create.open'). */
  word: (file: string, key: string, values?: Record<string, string>) => string;
}

/** Pictures of the README, which are taken in passing. */
const ofReadme: Record<string, string> = {
  'light/statement': 'statement.png',
  'light/key-secret': 'secret.png',
  'light/audit': 'audit.png',
  'dark/home': 'home-dark.png',
};

export const test = base.extend<Look & Studio>({
  look: ['light', { option: true }],
  key: ['', { option: true }],
  word: async ({ locale }, use) => {
    const language = locale?.startsWith('de') ? 'de' : 'en';
    await use((file, key, values = {}) => {
      let found: unknown = JSON.parse(
        readFileSync(new URL(`../../src/locales/${language}/${file}.json`, import.meta.url), 'utf8'),
      );
      for (const part of key.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
      if (typeof found !== 'string') throw new Error(`${language}/${file}.json has no ${key}`);
      return found.replace(/{{(\w+)}}/g, (_, name: string) => values[name] ?? '');
    });
  },
  visit: async ({ page }, use) => {
    await use(async (path) => {
      await page.goto(url(`/admin/${path}`));
      await settled(page);
    });
  },
  enter: async ({ page }, use) => {
    await use(async (tenant, name, path) => {
      await page.goto(url(`/auth/sign-in?tenant=${tenant}&return_to=${encodeURIComponent(`/admin/${path}`)}`));
      await page.getByRole('button', { name }).click();
      await page.waitForURL(/\/admin\/(t|operator)\//);
      await settled(page);
    });
  },
  shoot: async ({ page, look }, use) => {
    await use(async (name, dialog) => {
      if (dialog) await expect(page.getByRole('dialog').last()).toBeVisible();
      await drawn(page);
      const path = `screenshots/${look}/${name}.png`;
      const was = page.viewportSize();
      const readme = ofReadme[`${look}/${name}`];
      if (readme) {
        await page.setViewportSize({ width: 1200, height: 720 });
        await page.screenshot({ path: `../docs/images/${readme}` });
        if (was) await page.setViewportSize(was);
      }
      // What is beyond the window is seen by a taller one; a picture of the whole page would
      // leave the frame where it was.
      const more = await page.evaluate(() => {
        const beyond = (e: Element) =>
          /auto|scroll/.test(getComputedStyle(e).overflowY) ? e.scrollHeight - e.clientHeight : 0;
        const dialogs = [...document.querySelectorAll('.mantine-Modal-inner *, .mantine-Drawer-inner *')];
        if (dialogs.length > 0) return Math.max(...dialogs.map(beyond));
        return document.documentElement.scrollHeight - window.innerHeight;
      });
      if (was && more > 0)
        await page.setViewportSize({
          width: was.width,
          height: Math.min(was.height + more + (dialog ? 120 : 0), 2400),
        });
      await page.screenshot({ path });
      if (was && more > 0) await page.setViewportSize(was);
    });
  },
});

/** Nothing is loading: no placeholder, no loader, every font there. */
export async function drawn(page: Page): Promise<void> {
  await expect(page.locator('h1, h2').first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(page.locator('.mantine-Skeleton-root, [role="status"][aria-label]')).toHaveCount(0);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.evaluate(() => document.fonts.ready);
}

export { expect, url };
