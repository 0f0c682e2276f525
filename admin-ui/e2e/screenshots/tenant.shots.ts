import { drawn, expect, test, url } from './studio';

test('the pages of a tenant', async ({ page, enter, visit, shoot, word }) => {
  // People are members from their first sign-in on.
  for (const name of [/Ben Okafor/, /Elena Fischer/, /Farid Haddad/]) {
    await enter('northwind', name, 't/northwind/home');
    await page.context().clearCookies();
  }
  await enter('northwind', /Ada Lindqvist/, 't/northwind/home');
  await shoot('home');
  for (const name of [
    'statements',
    'keys',
    'stores',
    'members',
    'sso',
    'settings',
    'learners',
    'streams',
    'usage',
    'account',
  ]) {
    await visit(`t/northwind/${name}`);
    await shoot(name);
  }
  for (const tab of ['roles', 'review', 'operators']) {
    await visit(`t/northwind/members?tab=${tab}`);
    await shoot(`members-${tab}`);
  }
  await visit('t/northwind/members?tab=review');
  await drawn(page);
  await page.emulateMedia({ media: 'print' });
  await shoot('members-review-printed');
  await page.emulateMedia({ media: 'screen' });
  await visit('t/northwind/members?tab=roles&role=tenant-admin');
  await shoot('role', 'dialog');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: word('members', 'roles.create') }).click();
  await shoot('role-create', 'dialog');
  await visit('t/northwind/members?invite=true');
  await shoot('invite', 'dialog');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Ben Okafor' }).click();
  await page.getByRole('button', { name: word('members', 'give'), exact: true }).click();
  await shoot('member', 'dialog');
  await page.getByRole('button', { name: word('members', 'remove.open') }).click();
  await shoot('member-remove', 'dialog');
  await visit('t/northwind/stores');
  await page.getByRole('button', { name: word('stores', 'create') }).click();
  await shoot('store-create', 'dialog');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: word('stores', 'emptyNamed', { name: 'Trial courses' }) }).click();
  await shoot('store-empty', 'dialog');
  await visit('t/northwind/account');
  await page
    .getByRole('button', { name: word('account', 'create') })
    .first()
    .click();
  await shoot('token-create', 'dialog');
});

test('statements', async ({ page, enter, visit, shoot, word }) => {
  await enter('northwind', /Ada Lindqvist/, 't/northwind/statements?since=90d');
  const field = page.getByRole('combobox', { name: word('statements', 'query') });
  await field.click();
  await field.pressSequentially('verb:');
  await expect(page.getByRole('option').first()).toBeVisible();
  await shoot('statements-completion');
  await page.getByRole('option').first().click();
  await shoot('statements-filtered');
  const dialog = page.getByRole('dialog');
  await visit(
    `t/northwind/statements?q=${encodeURIComponent('verb:http://adlnet.gov/expapi/verbs/passed score:>=0.8')}`,
  );
  await page.locator('[data-open]').first().click();
  await expect(dialog.getByRole('tab').first()).toBeVisible();
  await shoot('statement', 'dialog');
  for (const tab of ['json', 'context', 'related'] as const) {
    await dialog.getByRole('tab', { name: word('statements', tab) }).click();
    await expect(dialog.locator('[aria-busy="true"]')).toHaveCount(0);
    await shoot(`statement-${tab}`, 'dialog');
  }
  await dialog.getByRole('button', { name: word('statements', 'void.open') }).click();
  await shoot('statement-void', 'dialog');
  await visit('t/northwind/statements?q=actor:nobody@example.com');
  await shoot('statements-nothing-fits');
  await visit('t/northwind/statements?id=00000000-0000-4000-8000-000000000000');
  await expect(page.getByText(word('statements', 'missing.refused'))).toBeVisible();
  await shoot('statement-missing', 'dialog');
  await visit('t/northwind/statements');
  await page.locator('[data-open]').first().click();
  await page.getByRole('dialog').locator('dd button').first().click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await shoot('statements-of-one-learner');
  await page.getByRole('button', { name: word('shared', 'range.all') }).click();
  await shoot('time-range');
});

test('the palette, the keyboard, the menus', async ({ page, enter, shoot, word }) => {
  await enter('northwind', /Ada Lindqvist/, 't/northwind/home');
  await page.keyboard.press('Control+k');
  await shoot('palette', 'dialog');
  await page.getByRole('combobox').fill('key');
  await shoot('palette-filtered', 'dialog');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('?');
  await shoot('keyboard', 'dialog');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: word('shell', 'account.menu', { name: 'Ada Lindqvist' }) }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await shoot('menu-account');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: word('shell', 'switcher.label', { name: 'Northwind Industries' }) }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await shoot('menu-tenants');
  await page.keyboard.press('Escape');
  const burger = page.getByRole('button', { name: word('shell', 'menu') });
  if (await burger.isVisible()) {
    await burger.click();
    await shoot('navigation');
  }
});

test('what is not to be seen, and what goes wrong', async ({ page, enter, visit, shoot }) => {
  await page.goto(url('/admin/sign-in'));
  await shoot('sign-in');
  await page.goto(url('/admin/sign-in?error=The%20provider%20did%20not%20answer%20in%20time.&tenant=northwind'));
  await shoot('sign-in-failed');
  await page.getByRole('textbox').fill('not an address@');
  await page.keyboard.press('Enter');
  await shoot('sign-in-mistyped');
  await enter('northwind', /Farid Haddad/, 't/northwind/home');
  await shoot('auditor-home');
  await visit('t/northwind/statements');
  await shoot('not-permitted');
  await visit('t/northwind/keys');
  await shoot('auditor-keys');
  await page.goto(url('/admin/t/northwind/no-such-page'));
  await shoot('no-such-page');
  await page.goto(url('/admin/t/meridian/home'));
  await shoot('elsewhere');
  await page.route('**/api/v1/tenants/*/stores*', (route) =>
    route.fulfill({
      status: 500,
      contentType: 'application/problem+json',
      json: {
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        detail: 'the stores could not be read',
        code: 'internal',
        requestId: 'K72G6TOOAOUOFF4EWJHWHVGDKW',
      },
    }),
  );
  await visit('t/northwind/stores');
  await shoot('error');
  await page.context().clearCookies();
  await enter('northwind', /Ben Okafor/, 't/northwind/home');
  await shoot('analyst-home');
  await page.unroute('**/api/v1/tenants/*/stores*');
  await visit('t/northwind/statements');
  await shoot('analyst-statements');
  await page.locator('[data-open]').first().click();
  await shoot('analyst-statement', 'dialog');
});
