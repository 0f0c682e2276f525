import { people } from './fixtures/people';
import { expect, settled, test, url } from './fixtures/test';

test('by keys alone: pages, the filter, rows, a drawer, the palette, the help', async ({ page, signedInAs }) => {
  await signedInAs(...people.admin);
  await page.goto(url('/admin/t/northwind/settings'));
  await settled(page);
  for (const [key, path] of [
    ['s', 'statements'],
    ['k', 'keys'],
    ['a', 'audit'],
    ['d', 'home'],
    ['s', 'statements'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(page).toHaveURL(new RegExp(`/t/northwind/${path}$`));
    await settled(page);
  }

  const rows = page.locator('[data-open]');
  await expect(rows.nth(1)).toBeVisible();
  await page.keyboard.press('j');
  await expect(rows.nth(0)).toBeFocused();
  await page.keyboard.press('j');
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('k');
  await expect(rows.nth(0)).toBeFocused();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Statement' });
  await expect(drawer).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(rows.nth(0)).toBeFocused();

  await page.keyboard.press('/');
  await expect(page.getByRole('combobox', { name: 'Filter statements' })).toBeFocused();
  await page.keyboard.type('g');
  await expect(page.getByRole('combobox', { name: 'Filter statements' })).toHaveValue('g');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search or jump to' });
  await expect(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('access rev');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/members\?tab=review/);
  await settled(page);

  await page.locator('main').focus();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(help).toBeVisible();
  await help.getByRole('switch').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
  await page.locator('main').focus();
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await expect(page).toHaveURL(/members\?tab=review/);
  await page.keyboard.press('Control+k');
  await expect(palette).toBeVisible();
});

test('the address holds what one sees: it survives a reload, and the way back', async ({ page, signedInAs }) => {
  await signedInAs(...people.admin);
  await page.goto(url('/admin/t/northwind/statements'));
  await page.getByRole('combobox', { name: 'Filter statements' }).fill('verb:completed');
  await page.keyboard.press('Enter');
  await settled(page);
  await page.locator('[data-open]').first().click();
  const drawer = page.getByRole('dialog', { name: 'Statement' });
  await expect(drawer.getByRole('tab', { name: 'Summary' })).toBeVisible();
  await expect(page).toHaveURL(/q=verb.*&id=[0-9a-f-]{36}/);
  const sentence = await drawer.locator('p').first().innerText();
  await drawer.getByRole('tab', { name: 'JSON' }).click();
  await expect(page).toHaveURL(/tab=json/);
  await page.reload();
  await expect(drawer.locator('p').first()).toHaveText(sentence);
  await expect(drawer.getByRole('tab', { name: 'JSON' })).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  const here = page.url();
  await page.getByRole('link', { name: 'API keys' }).click();
  await expect(page).toHaveURL(/\/keys$/);
  await page.goBack();
  await expect(page).toHaveURL(here);
  await expect(page.getByRole('button', { name: 'Remove the filter verb' })).toBeVisible();
});

test('times are in the tenant’s zone, which is said', async ({ page, signedInAs }) => {
  await signedInAs(...people.analyst);
  await page.goto(url('/admin/t/northwind/statements'));
  await settled(page);
  // The browser is in New York.
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('Times in UTC');
  const time = page.locator('tbody time').first();
  const stored = new Date((await time.getAttribute('datetime')) ?? '');
  await expect(time).toContainText(stored.toISOString().slice(11, 19));
  await page.keyboard.press('t');
  const range = page.getByRole('dialog', { name: 'Time range' });
  await range.getByLabel('From').fill('2026-01-02T10:00');
  await range.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/since=2026-01-02T10%3A00%3A00\.000Z/);
  await expect(page.getByRole('button', { name: /Jan 2, 2026, 10:00:00/ })).toBeVisible();
});

test('the access review prints as a list: no navigation, no buttons, every row', async ({ page, signedInAs }) => {
  await signedInAs(...people.admin);
  await page.addInitScript(() => {
    window.print = () => document.body.setAttribute('data-printed', 'yes');
  });
  await page.goto(url('/admin/t/northwind/members?tab=review'));
  await settled(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect.poll(ground).not.toBe('rgb(255, 255, 255)');
  await page.getByRole('button', { name: 'Print' }).click();
  await expect(page.locator('body')).toHaveAttribute('data-printed', 'yes');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await expect.poll(ground).toBe('rgb(255, 255, 255)');
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'Print' })).toBeHidden();
  const table = page.getByRole('table', { name: 'Access review' });
  await expect(table.getByRole('row', { name: /Ada Lindqvist/ })).toBeVisible();
  const [all, drawn] = [await table.getAttribute('aria-rowcount'), await table.getByRole('row').count()];
  expect(drawn).toBe(Number(all));
  await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  await expect.poll(ground).not.toBe('rgb(255, 255, 255)');
});
