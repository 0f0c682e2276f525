import { expect, test } from './studio';

test('the life of a key', async ({ page, request, enter, visit, shoot, word, key }) => {
  await enter('northwind', /Ada Lindqvist/, 't/northwind/keys?create=true');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: word('keys', 'name') }).fill(key);
  await shoot('key-create', 'dialog');
  await dialog.getByRole('button', { name: word('keys', 'create.submit') }).click();
  const secret = page.getByRole('dialog', { name: word('keys', 'secret.title', { name: key }) });
  await expect(secret).toBeVisible();
  const password = await secret.getByRole('textbox').inputValue();
  await shoot('key-secret', 'dialog');
  await secret.getByRole('tab', { name: word('keys', 'secret.user') }).click();
  const user = await secret.getByRole('textbox').inputValue();
  await secret.getByRole('tab', { name: 'curl' }).click();
  await shoot('key-curl', 'dialog');
  await secret.getByRole('checkbox').check();
  await secret.getByRole('button', { name: word('shared', 'done') }).click();

  const sent = await request.post(`${process.env.STOA_E2E_URL}/xapi/statements`, {
    headers: {
      Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'X-Experience-API-Version': '1.0.3',
    },
    data: {
      actor: { name: 'Ada Park', mbox: 'mailto:ada.park@northwind.example' },
      verb: { id: 'http://adlnet.gov/expapi/verbs/completed', display: { en: 'completed' } },
      object: { id: 'https://academy.northwind.example/forklift', definition: { name: { en: 'Forklift safety' } } },
      result: { score: { scaled: 0.92 }, completion: true, success: true, duration: 'PT4M' },
    },
  });
  expect(sent.ok()).toBe(true);

  const menu = page.getByRole('button', { name: word('keys', 'actionsOf', { name: key }), exact: true });
  await menu.click();
  await page.getByRole('menuitem', { name: word('keys', 'rotate.open') }).click();
  await shoot('key-rotate', 'dialog');
  await dialog.getByRole('button', { name: word('keys', 'rotate.submit') }).click();
  await expect(secret).toBeVisible();
  await secret.getByRole('checkbox').check();
  await secret.getByRole('button', { name: word('shared', 'done') }).click();
  await expect(secret).toBeHidden();
  await visit('t/northwind/keys');
  await shoot('keys-rotated');
  await page.getByRole('button', { name: key, exact: true }).click();
  await shoot('key', 'dialog');
  await page.keyboard.press('Escape');
  await menu.click();
  await page.getByRole('menuitem', { name: word('keys', 'revoke.open') }).click();
  await shoot('key-revoke', 'dialog');
});
