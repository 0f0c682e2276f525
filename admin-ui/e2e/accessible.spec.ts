import { people } from './fixtures/people';
import { expect, reflows, settled, test, url, widen } from './fixtures/test';
import { places } from './routes';

/** The rules that see colours: nothing else is another in the dark. */
const ofColours = ['color-contrast', 'link-in-text-block'];

/** The server's answer to everything but who one is, for a page that cannot be shown. */
const trouble = {
  status: 500,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    title: 'Internal Server Error',
    detail: 'something failed that should not',
    code: 'internal',
    requestId: '01TROUBLE',
  }),
};

for (const { path, who, opens } of places) {
  test(`${path} is accessible and reflows: idle, with what opens on it, and in trouble`, async ({
    page,
    signedInAs,
    accessible,
    expectComplaint,
  }) => {
    test.setTimeout(240_000);
    const look = async (state: string) => {
      await page.emulateMedia({ colorScheme: 'light' });
      await accessible(`${state}, light`);
      await page.emulateMedia({ colorScheme: 'dark' });
      await accessible(`${state}, dark`, ofColours);
      await reflows(page, state);
    };
    await signedInAs(...who);
    await page.goto(url(path));
    await look('idle');
    for (const [name, open] of Object.entries(opens)) {
      await page.goto(url(path));
      await settled(page);
      await open(page);
      await expect(
        page.locator('[role="dialog"], [role="menu"], [role="option"]').filter({ visible: true }).first(),
      ).toBeVisible();
      await look(name);
    }
    expectComplaint(/status of 500/);
    await page.route(/\/api\/v1\/(?!me$)/, (route) => route.fulfill(trouble));
    await page.goto(url(path));
    await expect(page.getByText('01TROUBLE').first()).toBeVisible();
    await look('in trouble');
  });
}

test('what stands in the place of a page is accessible: sign-in, elsewhere, nothing, what is not permitted', async ({
  page,
  signedInAs,
  accessible,
  expectComplaint,
}) => {
  expectComplaint(/status of 401/);
  const looks = async (path: string, heading: string) => {
    await page.goto(url(path));
    await expect(page.getByRole('heading', { name: heading })).toBeVisible();
    await page.emulateMedia({ colorScheme: 'light' });
    await accessible(`${path}, light`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await accessible(`${path}, dark`, ofColours);
    await reflows(page, path);
  };
  await looks('/admin/sign-in?error=refused&return_to=/admin/', 'Sign in to Stoa');
  await looks('/admin/t/northwind/home', 'Sign in to Stoa');
  await signedInAs(...people.auditor);
  await looks('/admin/t/meridian/home', 'You are not signed in to meridian');
  await looks('/admin/t/northwind/statements', 'You may not see this page');
  await looks('/admin/nowhere', 'There is no such page');
});

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });
  for (const [part, of] of Object.entries({
    'of the tenant': places.filter((p) => p.who === people.admin),
    'of the platform': places.filter((p) => p.who === people.operator),
  })) {
    test(`every page ${part} speaks German, and reflows with its longer words`, async ({
      page,
      signedInAs,
      accessible,
    }) => {
      test.setTimeout(240_000);
      await signedInAs(...(of[0]?.who ?? people.admin));
      for (const { path } of of) {
        await page.goto(url(path));
        await settled(page);
        await expect(page.locator('html')).toHaveAttribute('lang', 'de');
        await expect(page.getByRole('navigation', { name: 'Seiten' })).toBeVisible();
        await reflows(page, path);
        if (/keys|statements|tenants$/.test(path)) await accessible(path);
        await widen(page);
        await reflows(page, `${path}, letters far apart`);
      }
    });
  }
});
