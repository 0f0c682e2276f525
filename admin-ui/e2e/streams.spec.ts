import { people } from './fixtures/people';
import { expect, test, url } from './fixtures/test';

test('an auditor sends the log to a SIEM, sees why it does not arrive there, and ends it', async ({
  page,
  signedInAs,
}) => {
  await signedInAs(...people.auditor);
  await page.goto(url('/admin/t/northwind/streams'));
  await page.getByRole('button', { name: 'Create stream' }).click();
  const create = page.getByRole('dialog', { name: 'Send the log somewhere' });
  await create.getByRole('textbox', { name: /^Name/ }).fill('SIEM');
  // Nobody may use this service to reach what stands beside it.
  await create.getByRole('textbox', { name: /^Where to/ }).fill('https://10.0.0.1/hook');
  await create.getByRole('checkbox', { name: 'Also send what the log has already' }).check();
  await create.getByRole('button', { name: 'Create stream' }).click();
  const secret = page.getByRole('dialog', { name: 'Save the secret for “SIEM”' });
  await expect(secret.getByRole('textbox', { name: 'Secret' })).toHaveValue(/^whsec_/);
  await secret.getByRole('checkbox').check();
  await secret.getByRole('button', { name: 'Done' }).click();

  const row = page.getByRole('row', { name: /SIEM/ });
  await expect(row).toContainText('https://10.0.0.1');
  await expect(row).not.toContainText('/hook');
  await expect(row).toContainText('failing', { timeout: 40_000 });
  await row.locator('[data-open]').click();
  const drawer = page.getByRole('dialog', { name: 'SIEM' });
  await expect(drawer.getByText('the address is in a private network')).toBeVisible();
  await drawer.getByRole('button', { name: 'Pause' }).click();
  await expect(drawer.getByText('paused')).toBeVisible();
  await drawer.getByRole('button', { name: 'Delete…' }).click();
  const remove = page.getByRole('dialog', { name: 'Delete “SIEM”' });
  await remove.getByRole('textbox').fill('SIEM');
  await remove.getByRole('button', { name: 'Delete stream' }).click();
  await expect(row).toHaveCount(0);
});
