import type { Page } from '@playwright/test';
import { type Person, people } from './fixtures/people';

/** A page of the console, and what opens on it. */
export interface Place {
  path: string;
  who: Person;
  /** Dialogs, drawers and menus by name: how each is opened from the page as it is loaded. */
  opens: Record<string, (page: Page) => Promise<void>>;
}

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const firstRow = (page: Page) => page.locator('[data-open]').first().click();
const tenant = (path: string, opens: Place['opens'] = {}): Place => ({
  path: `/admin/t/northwind/${path}`,
  who: people.admin,
  opens,
});
const platform = (path: string, opens: Place['opens'] = {}): Place => ({
  path: `/admin/${path}`,
  who: people.operator,
  opens,
});

/** Every route of the console, with what can be open on it. */
export const places: Place[] = [
  tenant('home', {
    switcher: press(/^Tenant: /),
    account: press(/^Account of/),
    palette: (page) => page.keyboard.press('Control+k'),
    keyboard: (page) => page.keyboard.press('?'),
  }),
  tenant('statements?since=90d', {
    range: press(/^Last 90/),
    completion: (page) => page.getByRole('combobox', { name: 'Filter statements' }).fill('verb:'),
    statement: firstRow,
    void: async (page) => {
      await firstRow(page);
      await page.getByRole('button', { name: 'Void…' }).click();
    },
  }),
  tenant('learners'),
  tenant('keys', {
    key: firstRow,
    create: press('Create key'),
    rotate: async (page) => {
      await firstRow(page);
      await page.getByRole('button', { name: 'Rotate…' }).click();
    },
    revoke: async (page) => {
      await firstRow(page);
      await page.getByRole('button', { name: 'Revoke…' }).click();
    },
  }),
  tenant('stores', { create: press('Create store'), empty: press(/^Empty “/) }),
  tenant('members', { member: firstRow, invite: press('Invite') }),
  tenant('members?tab=roles', { role: press('Tenant admin'), create: press('Create role') }),
  tenant('members?tab=review'),
  tenant('members?tab=operators'),
  tenant('audit', { event: firstRow, verify: press('Verify'), views: press('Views') }),
  tenant('streams', { create: press('Create stream') }),
  tenant('usage'),
  tenant('sso'),
  tenant('settings'),
  tenant('account', { create: press('Create token') }),
  platform('operator/tenants', { create: press('Create tenant'), enter: press(/^Enter /) }),
  platform('operator/tenants/northwind', { suspend: press('Suspend…') }),
  platform('operator/system'),
  platform('operator/usage'),
  platform('operator/audit'),
];
