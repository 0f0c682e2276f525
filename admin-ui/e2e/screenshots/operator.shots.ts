import { settled } from '../fixtures/test';
import { expect, test } from './studio';

const long = 'Norddeutsche Lagerhaltungs- und Speditionsgesellschaft mbH & Co. KG';

test('the pages of an operator', async ({ page, enter, visit, shoot, word }) => {
  await enter('platform', /Olivia Nkosi/, 'operator/tenants');
  const last = page.getByRole('button', { name: long, exact: true });
  if (!(await last.isVisible())) {
    await page.getByRole('button', { name: word('operator', 'create.open') }).click();
    await page.getByRole('dialog').getByRole('textbox').first().fill(long);
    await page.getByRole('dialog').getByRole('textbox').nth(1).fill('norddeutsche-lagerhaltung');
    await page.getByRole('dialog').getByRole('button').last().click();
    await expect(last).toBeVisible();
  }
  await shoot('operator-tenants');
  await page.getByRole('button', { name: word('operator', 'create.open') }).click();
  await shoot('operator-create', 'dialog');
  for (const [path, name] of [
    ['operator/tenants/northwind', 'operator-tenant'],
    ['operator/system', 'operator-system'],
    ['operator/usage', 'operator-usage'],
    ['operator/audit', 'operator-audit'],
    ['t/platform/members', 'operator-members'],
    ['t/platform/audit', 'platform-audit'],
  ] as const) {
    await visit(path);
    await shoot(name);
  }
  await visit('operator/tenants');
  await page.getByRole('button', { name: word('operator', 'enter.named', { name: long }) }).click();
  await page.getByRole('textbox').fill('Ticket 4711: the first statements do not arrive');
  await shoot('operator-enter', 'dialog');
  await page.getByRole('button', { name: word('operator', 'enter.go'), exact: true }).click();
  await page.waitForURL(/norddeutsche/);
  await settled(page);
  await shoot('new-home');
  for (const name of ['statements', 'keys', 'stores', 'learners']) {
    await visit(`t/norddeutsche-lagerhaltung/${name}`);
    await shoot(`new-${name}`);
  }
  await page.getByRole('region').getByRole('button').first().click();
  await page.waitForURL(/operator/);
});
