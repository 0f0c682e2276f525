import { expect, settled, test, url } from './fixtures/test';

const pages = [
  'home',
  'statements',
  'learners',
  'keys',
  'stores',
  'members',
  'members?tab=roles',
  'members?tab=review',
  'members?tab=operators',
  'audit',
  'sso',
  'settings',
  'account',
];

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page of a tenant is accessible and reflows, ${colorScheme}`, async ({ page, signIn, accessible }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await signIn('northwind', /Ada Lindqvist/);
    for (const path of pages) {
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(url(`/admin/t/northwind/${path}`));
      await accessible();
      await page.setViewportSize({ width: 320, height: 700 });
      await settled(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(320);
    }
  });
}

test('an operator sees the platform, and enters a tenant with a reason', async ({ page, signIn, accessible }) => {
  await signIn('platform', /Olivia Nkosi/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tenants');
  await accessible();
  await page.getByRole('button', { name: 'Enter Northwind Industries' }).click();
  await page.getByRole('textbox', { name: /Reason/ }).fill('Ticket 4711: statements are missing');
  await page.getByRole('button', { name: 'Enter', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Operator inside' })).toContainText('Ticket 4711');
  await accessible();
  await page.getByRole('button', { name: 'Leave now' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tenants');
  await page.goto(url('/admin/operator/system'));
  await accessible();
});

test('an auditor sees no learner’s data, and no page that shows it', async ({ page, signIn }) => {
  await signIn('northwind', /Farid Haddad/);
  const nav = page.getByRole('navigation', { name: 'Pages' });
  await expect(nav.getByRole('link', { name: 'Audit log' })).toBeVisible();
  await expect(nav.getByRole('link', { name: 'Statements' })).toHaveCount(0);
  await page.goto(url('/admin/t/northwind/statements'));
  await expect(page.getByText('You may not see this page')).toBeVisible();
});
