import { expect, settled, test, url } from './fixtures/test';

test('a key is created, rotated and revoked with the keyboard alone', async ({ page, signIn, accessible }) => {
  await signIn('northwind', /Ada Lindqvist/);
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('API keys');
  /** Opens the key's menu and walks down to an entry. */
  const choose = async (entry: string) => {
    await page.getByRole('button', { name: 'Actions for Keyboard LMS' }).focus();
    await page.keyboard.press('Enter');
    const item = page.getByRole('menuitem', { name: entry });
    await expect(item).toBeVisible();
    await expect(async () => {
      await page.keyboard.press('ArrowDown');
      await expect(item).toBeFocused({ timeout: 100 });
    }).toPass();
    await page.keyboard.press('Enter');
  };
  await accessible();

  await page.getByRole('button', { name: 'Create key' }).first().focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: /^Name/ })).toBeFocused();
  await page.keyboard.type('Keyboard LMS');
  await accessible();
  await page.keyboard.press('Enter');
  const secret = page.getByRole('dialog', { name: /Keyboard LMS/ });
  await expect(secret).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(secret).toBeVisible();
  await accessible();
  await secret.getByRole('checkbox').focus();
  await page.keyboard.press('Space');
  await secret.getByRole('button', { name: 'Done' }).focus();
  await page.keyboard.press('Enter');
  await expect(secret).toBeHidden();

  await choose('Rotate');
  await page.getByRole('button', { name: 'Make a new secret' }).focus();
  await page.keyboard.press('Enter');
  await secret.getByRole('checkbox').focus();
  await page.keyboard.press('Space');
  await secret.getByRole('button', { name: 'Done' }).focus();
  await page.keyboard.press('Enter');
  const row = page.getByRole('row', { name: /Keyboard LMS/ });
  await expect(row).toContainText('retiring');

  await choose('Revoke');
  await expect(page.getByRole('dialog').getByRole('textbox')).toBeFocused();
  await page.keyboard.type('Keyboard LMS');
  await page.keyboard.press('Enter');
  await expect(row).toContainText('revoked');
});

test('the first five minutes: key, curl, and the statement arrives live', async ({ page, request, signIn }) => {
  await signIn('northwind', /Ada Lindqvist/);
  await page.goto(url('/admin/t/northwind/keys?create=true'));
  await page.getByRole('textbox', { name: /^Name/ }).fill('First LMS');
  const store = await page.getByRole('dialog').getByRole('combobox', { name: 'Store' }).inputValue();
  await page.getByRole('button', { name: 'Create key' }).last().click();
  const dialog = page.getByRole('dialog', { name: /First LMS/ });
  const password = await dialog.getByRole('textbox', { name: 'Secret' }).inputValue();
  await dialog.getByRole('tab', { name: 'User name' }).click();
  const user = await dialog.getByRole('textbox', { name: 'User name' }).inputValue();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Watch it arrive' }).click();

  await expect(page).toHaveURL(/\/statements\?store=\w+&live=true/);
  await expect(page.getByRole('combobox', { name: 'Store' })).toHaveValue(store);
  await expect(page.getByRole('table')).toBeVisible();
  const sent = await request.post(url('/xapi/statements'), {
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'X-Experience-API-Version': '1.0.3',
    },
    data: {
      actor: { name: 'Live Test', mbox: 'mailto:live@example.com' },
      verb: { id: 'http://adlnet.gov/expapi/verbs/completed', display: { en: 'completed' } },
      object: { id: 'https://example.com/live', definition: { name: { en: 'Arriving live' } } },
    },
  });
  expect(sent.ok()).toBe(true);
  const arrived = page.getByRole('row', { name: /Arriving live/ });
  await expect(arrived).toBeVisible({ timeout: 10_000 });
  await page.getByRole('switch', { name: 'Live' }).uncheck();
  await expect(page).not.toHaveURL(/live/);
  await settled(page);
  await expect(arrived).toBeVisible();
});
