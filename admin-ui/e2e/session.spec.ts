import { people } from './fixtures/people';
import { expect, settled, test, url } from './fixtures/test';

test('who signs out is out, here and on the server, and comes back where they were', async ({
  page,
  signIn,
  expectComplaint,
}) => {
  expectComplaint(/status of 401/);
  await signIn(...people.analyst);
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL((to) => !to.pathname.includes('/t/'));
  expect((await page.request.get(url('/api/v1/me'))).status()).toBe(401);

  await page.goto(url('/admin/t/northwind/statements?q=verb%3Acompleted'));
  await expect(page).toHaveURL(/\/admin\/sign-in\?return_to=/);
  await page.getByRole('textbox').fill('northwind');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: people.analyst[1] }).click();
  await expect(page).toHaveURL(/\/admin\/t\/northwind\/statements\?q=verb%3Acompleted/);
  await settled(page);
});

test('a session that is ended elsewhere keeps the page, says so, and leads back to it', async ({
  page,
  browser,
  signIn,
  accessible,
  expectComplaint,
}) => {
  expectComplaint(/status of 401/);
  await signIn(...people.otherAnalyst);
  await page.goto(url('/admin/t/meridian/learners'));
  await settled(page);

  const elsewhere = await browser.newContext();
  const admin = await elsewhere.newPage();
  await admin.goto(url('/admin/sign-in?tenant=meridian&return_to=/admin/t/meridian/members'));
  await admin.getByRole('button', { name: 'Continue' }).click();
  await admin.getByRole('button', { name: people.otherAdmin[1] }).click();
  await admin.getByRole('button', { name: 'Hugo Moreau', exact: true }).click();
  await admin.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(admin.getByText('Nowhere.')).toBeVisible();
  await elsewhere.close();

  await page.getByRole('link', { name: 'Stores' }).click();
  const over = page.getByRole('dialog', { name: 'Your session has ended' });
  await expect(over).toBeVisible();
  await accessible();
  await page.keyboard.press('Escape');
  await expect(over).toBeVisible();
  await over.getByRole('link', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: people.otherAnalyst[1] }).click();
  await expect(page).toHaveURL(/\/admin\/t\/meridian\/stores/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Stores');
});

test('an address that leads elsewhere is nothing to come back to', async ({ page, signIn }) => {
  await signIn(...people.auditor);
  for (const to of ['https://evil.example/', '//evil.example', '/admin\\evil.example']) {
    await page.goto(url(`/admin/sign-in?tenant=northwind&return_to=${encodeURIComponent(to)}`));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: people.auditor[1] }).click();
    await expect(page).toHaveURL(url('/admin/t/northwind/home'));
  }
});

test('sessions and tokens of one’s own: a token is shown once, and ends', async ({ page, signedInAs, accessible }) => {
  await signedInAs(...people.integrator);
  await page.goto(url('/admin/t/northwind/account'));
  await expect(page.getByRole('row', { name: /this one/ })).toHaveCount(1);
  await page.getByRole('button', { name: 'Create token' }).first().click();
  const create = page.getByRole('dialog', { name: 'Create token' });
  await create.getByRole('textbox', { name: 'Name' }).fill('Nightly report');
  await create.getByRole('checkbox', { name: 'keys.view' }).check();
  await accessible();
  await create.getByRole('button', { name: 'Create token' }).click();
  const shown = page.getByRole('dialog', { name: /Nightly report/ });
  const token = await shown.getByRole('textbox', { name: 'Token' }).inputValue();
  await shown.getByRole('checkbox').check();
  await shown.getByRole('button', { name: 'Done' }).click();

  const ask = async (path: string) =>
    (await fetch(url(path), { headers: { Authorization: `Bearer ${token}` } })).status;
  expect(await ask('/api/v1/tenants/northwind/keys')).toBe(200);
  expect(await ask('/api/v1/tenants/northwind/stores')).toBe(403);
  await page.getByRole('button', { name: 'Revoke Nightly report' }).click();
  await expect(page.getByRole('row', { name: /Nightly report/ })).toContainText('revoked');
  await expect.poll(() => ask('/api/v1/tenants/northwind/keys')).toBe(401);
});
