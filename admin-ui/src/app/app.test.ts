import { describe, expect, test } from 'vitest';
import { ApiError, refusal } from '@/api/problem';
import { preferred } from '@/i18n';
import { acme } from '@/testing/render';
import { rank } from './command-palette';
import { navigation } from './navigation';
import { safeReturn, signInUrl, tenantOf } from './session';
import { readWho } from './sign-in-page';

test('the navigation shows what one may open', () => {
  const names = (of: typeof acme) => navigation(of).flatMap((g) => g.items.map((d) => d.name));
  expect(names(acme)).toEqual(['home', 'statements', 'learners', 'keys', 'settings']);
  expect(names({ ...acme, permissions: { tenant: [], stores: { pilot: ['keys.view'] } } })).toEqual(['keys']);
  expect(
    names({
      ...acme,
      platform: true,
      permissions: { tenant: ['tenants.view', 'tenant.view', 'audit.view'], stores: {} },
    }),
  ).toEqual(['tenants', 'tenantsUsage', 'tenantsAudit', 'audit', 'settings']);
});

test.each(['//evil.example', 'https://evil.example', '/admin\\evil', '/adminx', '/', undefined])(
  '%j is nothing to come back to',
  (path) => expect(safeReturn(path)).toBe('/admin/'),
);
test('one comes back to a page of the console', () =>
  expect(safeReturn('/admin/t/acme/keys?store=main')).toBe('/admin/t/acme/keys?store=main'));

test.each([
  ['ada@example.com', { email: 'ada@example.com' }],
  [' Acme ', { tenant: 'acme' }],
  ['not a slug', undefined],
  ['-', undefined],
])('%j signs in as %j', (text, who) => expect(readWho(text)).toEqual(who));
test('addresses are escaped', () =>
  expect(signInUrl({ email: 'a+b@example.com' }, '/admin/')).toBe(
    '/auth/sign-in?email=a%2Bb%40example.com&return_to=%2Fadmin%2F',
  ));

test('an operator inside has the permissions of the entry', () => {
  const entry = {
    id: 'h4k2m9q0',
    operator: 'O',
    reason: 'Ticket 4711',
    level: 'read' as const,
    enteredAt: '',
    expiresAt: '',
    active: true,
  };
  const permissions = { tenant: ['tenant.view'], stores: {} };
  const me = {
    email: 'o@example.com',
    name: 'O',
    signIns: [],
    entered: [{ tenant: 'acme', tenantName: 'Acme', entry, permissions }],
  };
  expect(tenantOf(me, 'acme')).toMatchObject({ entry, permissions, platform: false });
  expect(tenantOf(me, 'globex')).toBeUndefined();
});

test('the palette ranks what begins with the words', () => {
  const command = (label: string) => ({ id: label, label, run: () => undefined });
  expect(rank([command('Create an API key'), command('API keys'), command('Home')], 'api').map((c) => c.label)).toEqual(
    ['API keys', 'Create an API key'],
  );
});

test('the language is the chosen one, else the browser’s, else English', () => {
  expect(preferred('de', ['en'])).toBe('de');
  expect(preferred(null, ['fr-FR', 'de-AT'])).toBe('de');
  expect(preferred('xx', ['fr'])).toBe('en');
});

describe('refusals', () => {
  test('keep code, request id and places', async () => {
    const body = {
      title: 'Bad Request',
      detail: 'the body breaks 1 rule',
      code: 'invalid',
      requestId: 'R',
      violations: [{ path: '/name', rule: '1 to 200 characters' }],
    };
    const error = await refusal(
      new Response(JSON.stringify(body), { status: 400, headers: { 'Content-Type': 'application/problem+json' } }),
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, code: 'invalid', requestId: 'R', message: 'the body breaks 1 rule' });
    expect(error.violation('/name')).toBe('1 to 200 characters');
    expect(error.violation('/slug')).toBeUndefined();
  });
  test('of a proxy are understood', async () => {
    const error = await refusal(
      new Response('<html>', {
        status: 502,
        headers: { 'Content-Type': 'text/html', 'X-Request-Id': 'R', 'Retry-After': '7' },
      }),
    );
    expect(error).toMatchObject({ status: 502, code: 'internal', requestId: 'R', retryAfter: 7 });
  });
});
