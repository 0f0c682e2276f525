import type { Page } from '@playwright/test';
import { people } from './fixtures/people';
import { expect, offered, settled, test, url } from './fixtures/test';

/** The navigation has these and none of those, in any order: what is not permitted does not exist. */
async function navigates(page: Page, has: string[], hasNot: string[]) {
  const names = await offered(page).allTextContents();
  expect(names).toEqual(expect.arrayContaining(has));
  expect(names.filter((name) => hasNot.includes(name))).toEqual([]);
}

/** The page says why it stays closed, and the server would not have answered either. */
async function closed(page: Page, path: string, needs: string, api: string) {
  await page.goto(url(path));
  await expect(page.getByText('You may not see this page')).toBeVisible();
  await expect(page.getByText(`It needs ${needs}`)).toBeVisible();
  const answer = await page.request.get(url(api));
  expect(answer.status()).toBe(403);
  expect(await answer.json()).toMatchObject({ code: 'forbidden', requestId: expect.any(String) });
}

/** A button that is there but not for this person says what it needs. */
async function refusedWith(page: Page, button: string, needs: string) {
  const found = page.getByRole('button', { name: button, exact: true });
  await expect(found).toHaveAttribute('aria-disabled', 'true');
  await found.hover();
  await expect(page.getByRole('tooltip')).toHaveText(`You do not hold ${needs} here. Ask a tenant admin.`);
}

const tenant = '/api/v1/tenants/northwind';
const menu = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();

test('a tenant admin sees all of the tenant, invites a colleague, and is no operator', async ({ page, signIn }) => {
  await signIn(...people.admin);
  await expect(page).toHaveURL(/\/t\/northwind\/home$/);
  await navigates(
    page,
    ['Home', 'Statements', 'Learners', 'API keys', 'Stores', 'Members', 'Sign-in', 'Audit log', 'Settings'],
    ['Tenants', 'System'],
  );
  await menu(page, 'Members');
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  const invite = page.getByRole('dialog', { name: 'Invite somebody' });
  await invite.getByRole('textbox', { name: 'E-mail' }).fill('mira@northwind.example');
  await invite.getByRole('textbox', { name: 'Name' }).fill('Mira Sato');
  await invite.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Analyst', exact: true }).click();
  await invite.getByRole('button', { name: 'Invite', exact: true }).click();
  const row = page.getByRole('row', { name: /Mira Sato/ });
  await expect(row).toContainText('invited');
  await expect(row).toContainText('analyst');
  await page.getByRole('button', { name: 'Mira Sato' }).click();
  await expect(page.getByRole('dialog', { name: 'Mira Sato' })).toContainText('Given by hand');
  await page.keyboard.press('Escape');
  const search = page.getByRole('searchbox', { name: 'Search names and addresses' });
  await search.fill('sato');
  await search.press('Enter');
  await expect(page).toHaveURL(/q=sato/);
  await expect(page.getByRole('row')).toHaveCount(2);
  await search.fill('nobody of that name');
  await search.press('Enter');
  await expect(page.getByText('Nothing fits these filters')).toBeVisible();

  await page.goto(url('/admin/operator/tenants'));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are not signed in as an operator');
  expect((await page.request.get(url('/api/v1/tenants'))).status()).toBe(403);
  await page.goto(url('/admin/t/meridian/keys'));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are not signed in to meridian');
  expect((await page.request.get(url('/api/v1/tenants/meridian/keys'))).status()).toBe(404);
});

test('an analyst reads statements of pseudonyms, and sees no keys', async ({ page, signIn }) => {
  await signIn(...people.analyst);
  await navigates(
    page,
    ['Home', 'Statements', 'Learners', 'Stores', 'Settings'],
    ['API keys', 'Members', 'Sign-in', 'Audit log', 'Tenants'],
  );
  await menu(page, 'Statements');
  await expect(
    page.getByText(/People are shown as pseudonyms, because you do not hold statements.view_identity/),
  ).toBeVisible();
  await page.getByRole('combobox', { name: 'Filter statements' }).fill('verb:completed');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/q=verb%3Acompleted/);
  await settled(page);
  await page.locator('[data-open]').first().click();
  const drawer = page.getByRole('dialog', { name: 'Statement' });
  await expect(drawer).toContainText(/completed/);
  await drawer.getByRole('tab', { name: 'JSON' }).click();
  await expect(drawer.getByRole('tabpanel')).toContainText('"actor"');
  await expect(drawer.getByRole('tabpanel')).not.toContainText('@');
  await expect(drawer.getByRole('button', { name: 'Void…' })).toHaveCount(0);

  await closed(page, '/admin/t/northwind/keys', 'keys.view', `${tenant}/keys`);
});

test('an exporter sees who somebody is, finds them by their account, and reads no log', async ({ page, signIn }) => {
  await signIn(...people.exporter);
  await navigates(
    page,
    ['Home', 'Statements', 'Learners', 'Stores', 'Settings'],
    ['API keys', 'Members', 'Sign-in', 'Audit log', 'Tenants'],
  );
  await page.goto(url('/admin/t/northwind/statements?q=verb%3Aattended'));
  await settled(page);
  await expect(page.getByText(/shown as pseudonyms/)).toHaveCount(0);
  await page.locator('[data-open]').first().click();
  const statement = page.getByRole('dialog', { name: 'Statement' });
  await statement.getByRole('tab', { name: 'JSON' }).click();
  const [account] = /northwind-\d+/.exec(await statement.getByRole('tabpanel').innerText()) ?? [''];
  expect(account).not.toBe('');
  await page.keyboard.press('Escape');

  await menu(page, 'Learners');
  await page.getByRole('textbox', { name: 'Who' }).fill(`${account}|https://academy.northwind.example`);
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByRole('definition').filter({ hasText: account })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Timeline' }).getByRole('row')).not.toHaveCount(1);

  await closed(page, '/admin/t/northwind/audit', 'audit.view', `${tenant}/audit`);
});

test('an integrator makes a key that writes, not one that reads in bulk', async ({ page, signIn }) => {
  await signIn(...people.integrator);
  await navigates(
    page,
    ['Home', 'Statements', 'Learners', 'API keys', 'Stores', 'Settings'],
    ['Members', 'Sign-in', 'Audit log', 'Tenants'],
  );
  await menu(page, 'API keys');
  await page.getByRole('button', { name: 'Create key' }).first().click();
  const create = page.getByRole('dialog', { name: 'Create a key' });
  await create.getByRole('textbox', { name: /^Name/ }).fill('Authoring tool');
  await expect(create.getByRole('checkbox', { name: 'statements/read', exact: true })).toBeDisabled();
  await expect(create.getByText('Reads in bulk: needs statements.export').first()).toBeVisible();
  await create.getByRole('button', { name: 'Create key' }).click();
  const secret = page.getByRole('dialog', { name: /Authoring tool/ });
  await secret.getByRole('checkbox').check();
  await secret.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('row', { name: /Authoring tool/ })).toContainText('active');

  const bulk = await page.request.post(url(`${tenant}/keys?store=production`), {
    headers: { 'Idempotency-Key': crypto.randomUUID() },
    data: { name: 'Everything', scopes: ['all/read'] },
  });
  expect(bulk.status()).toBe(403);
  await menu(page, 'Settings');
  await expect(page.getByText('You do not hold tenant.edit here.')).toBeVisible();
  await expect(page.getByRole('spinbutton').first()).toBeDisabled();
  await closed(page, '/admin/t/northwind/members', 'members.view', `${tenant}/members`);
});

test('a privacy officer reviews who sees identities, and makes no keys', async ({ page, signIn }) => {
  await signIn(...people.privacyOfficer);
  await navigates(
    page,
    ['Home', 'Statements', 'Learners', 'API keys', 'Stores', 'Members', 'Sign-in', 'Audit log', 'Settings'],
    ['Tenants', 'System'],
  );
  await menu(page, 'Members');
  await page.getByRole('tab', { name: 'Access review' }).click();
  // Sees statements and identities, and may take nothing out.
  const oneself = page.getByRole('row', { name: /Elena Fischer/ });
  await expect(oneself.getByLabel('yes')).toHaveCount(2);
  await expect(oneself.getByLabel('no')).toHaveCount(1);
  await refusedWith(page, 'Invite', 'members.manage');
  await menu(page, 'Audit log');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: /Who saw identities/ }).click();
  await expect(page).toHaveURL(/action=identities.viewed/);
  await settled(page);
  await refusedWith(page, 'Export', 'audit.export');
  expect((await page.request.get(url(`${tenant}/audit/export?format=csv`))).status()).toBe(403);
  await menu(page, 'API keys');
  await settled(page);
  await refusedWith(page, 'Create key', 'keys.manage');
});

test('an auditor verifies the log, proves an event and takes the log out, but sees no learner’s data', async ({
  page,
  signIn,
}) => {
  await signIn(...people.auditor);
  await navigates(
    page,
    ['Home', 'API keys', 'Stores', 'Members', 'Sign-in', 'Audit log', 'Settings'],
    ['Statements', 'Learners', 'Tenants'],
  );
  await menu(page, 'Audit log');
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  const verified = page.getByRole('dialog', { name: 'Verify the log' });
  await expect(verified.getByText('The log is as it was written')).toBeVisible({ timeout: 20_000 });
  await page.keyboard.press('Escape');
  await page.locator('[data-open]').first().click();
  await page.getByRole('button', { name: 'Prove this event' }).click();
  await expect(page.getByText('Computed in this browser: the event leads to the root that is signed.')).toBeVisible({
    timeout: 20_000,
  });
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'As CSV' }).click(),
  ]);
  expect(file.suggestedFilename()).toMatch(/\.csv$/);
  expect(await file.failure()).toBeNull();

  await closed(page, '/admin/t/northwind/statements', 'statements.view', `${tenant}/stores/production/statements`);
});

test('an operator makes a tenant, and enters one only with a reason', async ({ page, signIn }) => {
  await signIn(...people.operator);
  await expect(page).toHaveURL(/\/operator\/tenants$/);
  await navigates(
    page,
    ['Tenants', 'System', 'Members', 'Sign-in', 'Audit log', 'Settings'],
    ['Home', 'Statements', 'Learners', 'API keys', 'Stores'],
  );
  await page.getByRole('button', { name: 'Create tenant' }).click();
  const create = page.getByRole('dialog', { name: 'Create tenant' });
  await create.getByRole('textbox', { name: 'Name', exact: true }).fill('Acme Logistics');
  await create.getByRole('textbox', { name: 'Short name' }).fill('acme-logistics');
  await create.getByRole('button', { name: 'Create tenant' }).click();
  await page.getByRole('button', { name: 'Acme Logistics', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Acme Logistics');

  await page.goto(url('/admin/t/northwind/statements'));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are not signed in to northwind');
  await expect(page.getByText('Operators enter a tenant from the list of tenants')).toBeVisible();
  expect((await page.request.get(url(`${tenant}/keys`))).status()).toBe(403);

  await page.goto(url('/admin/operator/tenants'));
  await page.getByRole('button', { name: 'Enter Northwind Industries' }).click();
  const enter = page.getByRole('dialog', { name: 'Enter Northwind Industries' });
  await expect(enter.getByRole('button', { name: 'Enter', exact: true })).toBeDisabled();
  await enter.getByRole('textbox', { name: 'Reason' }).fill('Ticket 4711: statements are missing');
  await enter.getByRole('button', { name: 'Enter', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Operator inside' })).toContainText('Ticket 4711');
  await page.getByRole('link', { name: 'Statements', exact: true }).click();
  await expect(page.getByText(/People are shown as pseudonyms/)).toBeVisible();
  await page.getByRole('button', { name: 'Leave now' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Tenants');
  expect((await page.request.get(url(`${tenant}/keys`))).status()).toBe(403);
});
