import type { APIRequestContext, Page } from '@playwright/test';
import { people } from './fixtures/people';
import { demoProvider, stoa } from './fixtures/server';
import { expect, settled, test, url } from './fixtures/test';

const statement = (name: string, id: string) => ({
  actor: { name: 'Task Learner', mbox: 'mailto:task@northwind.example' },
  verb: { id: 'http://adlnet.gov/expapi/verbs/completed', display: { en: 'completed' } },
  object: { id: `https://academy.northwind.example/${id}`, definition: { name: { en: name } } },
});

/** Sends as an LMS does: with the user name and the secret of a key. */
function send(request: APIRequestContext, user: string, secret: string, data: object) {
  return request.post(url('/xapi/statements'), {
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
      'X-Experience-API-Version': '1.0.3',
    },
    data,
  });
}

/** Reads what the dialog shows once, and says that it is stored. */
async function stored(page: Page, name: string): Promise<{ user: string; secret: string }> {
  const dialog = page.getByRole('dialog', { name: `Save the secret for “${name}”` });
  const secret = await dialog.getByRole('textbox', { name: 'Secret' }).inputValue();
  await dialog.getByRole('tab', { name: 'User name' }).click();
  const user = await dialog.getByRole('textbox', { name: 'User name' }).inputValue();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(dialog).toBeHidden();
  return { user, secret };
}

test('a key is rotated without downtime: both secrets work, until the old one is seen to rest', async ({
  page,
  request,
  signedInAs,
}) => {
  await signedInAs(...people.admin);
  await page.goto(url('/admin/t/northwind/keys?create=true'));
  await page.getByRole('textbox', { name: /^Name/ }).fill('Nightly sync');
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click();
  const old = await stored(page, 'Nightly sync');
  expect((await send(request, old.user, old.secret, statement('Before', 'before'))).status()).toBe(200);

  await page.getByRole('button', { name: 'Actions for Nightly sync' }).click();
  await page.getByRole('menuitem', { name: 'Rotate' }).click();
  const rotate = page.getByRole('dialog', { name: 'Rotate “Nightly sync”' });
  await expect(rotate.getByRole('radio', { name: 'After 24 hours' })).toBeChecked();
  await rotate.getByRole('radio', { name: 'After 15 minutes' }).check();
  await rotate.getByRole('button', { name: 'Make a new secret' }).click();
  const fresh = await stored(page, 'Nightly sync');
  expect(fresh.user).toBe(old.user);
  expect(fresh.secret).not.toBe(old.secret);

  const row = page.getByRole('row', { name: /Nightly sync/ });
  await expect(row).toContainText('retiring');
  await expect(row).toContainText(/old secret ends in 1[45] min/);
  for (const { secret } of [old, fresh]) {
    expect((await send(request, old.user, secret, statement('During', 'during'))).status()).toBe(200);
  }
  await page.goto(url(`/admin/t/northwind/keys?key=${encodeURIComponent(old.user)}`));
  const drawer = page.getByRole('dialog', { name: 'Nightly sync' });
  await expect(drawer.getByText('Current secret')).toBeVisible();
  await expect(drawer.getByText('Earlier secret')).toBeVisible();

  await drawer.getByRole('button', { name: 'Rotate…' }).click();
  await rotate.getByRole('radio', { name: 'Now' }).check();
  await expect(rotate.getByText('Whatever still uses the old secret is cut off within a second.')).toBeVisible();
  await rotate.getByRole('button', { name: 'Make a new secret' }).click();
  const last = await stored(page, 'Nightly sync');
  await expect
    .poll(async () => (await send(request, old.user, fresh.secret, statement('After', 'after'))).status())
    .toBe(401);
  expect((await send(request, old.user, last.secret, statement('After', 'after'))).status()).toBe(200);
});

test('who took the log out last week is found by a view, kept under a name, and shared by its address', async ({
  page,
  browser,
  signedInAs,
}) => {
  const auditor = await browser.newContext();
  const theirs = await auditor.newPage();
  await theirs.goto(url('/admin/sign-in?tenant=northwind'));
  await theirs.getByRole('button', { name: 'Continue' }).click();
  await theirs.getByRole('button', { name: people.auditor[1] }).click();
  await theirs.waitForURL(/\/t\/northwind\/home/);
  const taken = await theirs.request.get(url('/api/v1/tenants/northwind/audit/export?format=ndjson'));
  expect(taken.status()).toBe(200);
  await auditor.close();

  await signedInAs(...people.admin);
  await page.goto(url('/admin/t/northwind/audit'));
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Exports of the log, 7 days' }).click();
  await expect(page).toHaveURL(/action=audit\.exported&since=7d/);
  const event = page.getByRole('button', { name: /Farid Haddad|farid@northwind\.example/ }).first();
  await expect(page.getByRole('row', { name: /farid.* exported the audit log/i }).first()).toBeVisible();
  await page.locator('[data-open]').first().click();
  const drawer = page.getByRole('dialog', { name: /^Event/ });
  await expect(drawer.getByRole('definition').filter({ hasText: 'audit.exported' })).toBeVisible();
  await drawer.getByRole('button', { name: 'All by this person' }).click();
  await expect(page).toHaveURL(/actor=/);
  await expect(event).toHaveCount(0);
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Save this view…' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Farid’s doings');
  await page.getByRole('button', { name: 'Save', exact: true }).click();

  const shared = page.url();
  await page.goto(url('/admin/t/northwind/audit'));
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Farid’s doings', exact: true }).click();
  await expect(page).toHaveURL(shared);
  await settled(page);
  await expect(page.locator('[data-open]').first()).toBeVisible();
});

test('an identity provider is connected to a new tenant: recovery link, draft, test, in force', async ({
  page,
  context,
  browser,
  signedInAs,
}) => {
  test.setTimeout(90_000);
  const operator = await browser.newContext();
  await signedInAs(...people.operator);
  const made = await page.request.post(url('/api/v1/tenants'), {
    headers: { 'Idempotency-Key': crypto.randomUUID() },
    data: { name: 'Alpine Rescue', slug: 'alpine', admin: 'grace@meridian.example' },
  });
  expect(made.status()).toBe(201);
  await operator.close();
  await context.clearCookies();

  const link = JSON.parse(await stoa('tenant', 'recover', 'alpine', '--email', 'grace@meridian.example', '-o', 'json'));
  await page.goto(link.link);
  await page.goto(url('/admin/t/alpine/sso'));
  await expect(page.getByText('No provider is in force yet')).toBeVisible();

  const { issuer, secret } = demoProvider('meridian');
  const field = (name: string) => page.getByRole('textbox', { name, exact: true });
  await field('Issuer').fill(issuer);
  await field('Client id').fill('meridian');
  await page.getByLabel('Client secret').fill('not the secret');
  await page.getByRole('button', { name: 'Save draft' }).click();
  const activate = page.getByRole('button', { name: 'Put in force' });
  await expect(activate).toBeDisabled();

  /** Signs in at the provider, in the tab that the test opens. */
  const tryOut = async () => {
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Test sign-in' }).click();
    const provider = await opened;
    await provider.getByRole('button', { name: people.otherAdmin[1] }).click();
    await provider.waitForURL(/\/(auth|admin)\//);
    await provider.close();
  };
  await tryOut();
  await expect(page.getByText('What is wrong')).toBeVisible();
  await expect(activate).toBeDisabled();

  await page.getByLabel('Client secret').fill(secret);
  await page.getByRole('button', { name: 'Save draft' }).click();
  await page.getByRole('textbox', { name: 'Group', exact: true }).fill('stoa-tenant-admin');
  await page.getByRole('combobox', { name: 'Role', exact: true }).click();
  await page.getByRole('option', { name: 'Tenant admin', exact: true }).click();
  await page.getByRole('button', { name: 'Map', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Remove the mapping of stoa-tenant-admin' })).toBeVisible();
  await tryOut();
  await expect(page.getByRole('definition').filter({ hasText: 'grace@meridian.example' })).toBeVisible();
  await expect(activate).toBeEnabled();
  await activate.click();
  await expect(page.getByText('No provider is in force yet')).toHaveCount(0);

  await context.clearCookies();
  await page.goto(url('/admin/sign-in'));
  await page.getByRole('textbox').fill('alpine');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: people.otherAdmin[1] }).click();
  await expect(page).toHaveURL(/\/t\/alpine\/home/);
});

test('why one statement is missing: in the other store, refused, or never sent', async ({
  page,
  request,
  signedInAs,
  expectComplaint,
}) => {
  // A statement that is nowhere is a 404, which the browser notes.
  expectComplaint(/status of 404/);
  await signedInAs(...people.admin);
  await page.goto(url('/admin/t/northwind/keys?create=true&store=sandbox'));
  await page.getByRole('textbox', { name: /^Name/ }).fill('Pilot LMS');
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click();
  const key = await stored(page, 'Pilot LMS');
  const sent = await send(request, key.user, key.secret, statement('Sent to the sandbox', 'astray'));
  expect(sent.status()).toBe(200);
  const [astray] = await sent.json();

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search or jump to' }).fill(astray);
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Statement' });
  await expect(drawer.getByText(`There is no statement ${astray} in the store “production”.`)).toBeVisible();
  await drawer.getByRole('button', { name: 'It is in the store “sandbox”: show it there' }).click();
  await expect(drawer.getByText(/Task Learner completed Sent to the sandbox/)).toBeVisible();
  await expect(page).toHaveURL(/store=sandbox/);

  const nowhere = crypto.randomUUID();
  const refused = await send(request, key.user, key.secret, {
    ...statement('Refused', 'refused'),
    id: nowhere,
    verb: {},
  });
  expect(refused.status()).toBe(400);
  await page.goto(url(`/admin/t/northwind/statements?id=${nowhere}`));
  await expect(drawer.getByText('None of the other stores that you may see has it.')).toBeVisible();
  await expect(drawer.getByText(/If it was sent, it was refused/)).toBeVisible();
  await drawer.getByRole('link', { name: 'Look at the keys' }).click();
  await expect(page.getByRole('row', { name: /Pilot LMS/ })).toContainText(/now|sec|min/);
});
