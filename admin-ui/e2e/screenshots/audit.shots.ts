import { drawn, expect, test } from './studio';

test('the audit log', async ({ page, enter, visit, shoot, word }) => {
  await enter('northwind', /Farid Haddad/, 't/northwind/audit');
  await shoot('audit');
  await page.getByRole('button', { name: word('audit', 'views.open') }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await shoot('audit-views');
  await page.keyboard.press('Escape');
  await page.locator('[data-open]').first().click();
  await expect(page.getByRole('dialog').locator('dl').first()).toBeVisible();
  await page.getByRole('button', { name: word('audit', 'proof.open') }).click();
  await expect(page.getByText(word('audit', 'proof.holds'))).toBeVisible();
  await shoot('audit-proof', 'dialog');
  await visit('t/northwind/audit?outcome=denied');
  await shoot('audit-denied');
  await visit('t/northwind/audit?action=grant.given');
  await page.locator('[data-open]').first().click();
  await expect(page.getByRole('dialog').locator('dl').first()).toBeVisible();
  await shoot('audit-event', 'dialog');
  await visit('t/northwind/audit?text=nobody-did-this');
  await shoot('audit-nothing-fits');
  await page.getByRole('button', { name: word('audit', 'verify.open') }).click();
  await expect(page.getByText(word('audit', 'verify.ok'), { exact: true })).toBeVisible({ timeout: 30_000 });
  await shoot('audit-verified', 'dialog');
});

test('the sign-in is tried out', async ({ page, context, enter, shoot, word }) => {
  await enter('northwind', /Ada Lindqvist/, 't/northwind/sso');
  const start = page.getByRole('button', { name: word('sso', 'test.start') });
  await drawn(page);
  if (!(await start.isVisible())) {
    await page.getByRole('textbox', { name: word('sso', 'scopes'), exact: true }).fill('openid email profile groups');
    await page.getByRole('button', { name: word('sso', 'saveDraft') }).click();
  }
  const opened = context.waitForEvent('page');
  await start.click();
  const provider = await opened;
  await shoot('sso-waiting');
  await provider.getByRole('button', { name: /Ada Lindqvist/ }).click();
  await provider.waitForLoadState();
  await provider.close();
  await expect(page.getByText(word('sso', 'test.email'), { exact: true })).toBeVisible({ timeout: 15_000 });
  await shoot('sso-tested');
});
