import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import i18next from 'i18next';
import type { ReactNode } from 'react';
import { initReactI18next } from 'react-i18next';
import type { Schema } from '@/api/client';
import { type Tenant, TenantContext } from '@/shared/lib/tenant';
import { theme, variables } from '@/theme';

const files = import.meta.glob<Record<string, unknown>>('../locales/en/*.json', { eager: true, import: 'default' });

const resources = Object.fromEntries(
  Object.entries(files).map(([path, words]) => [path.split('/').at(-1)?.replace('.json', '') ?? '', words]),
);

await i18next.use(initReactI18next).init({
  lng: 'en',
  resources: { en: resources as Record<string, Record<string, string>> },
  defaultNS: 'shared',
  interpolation: { escapeValue: false },
});

export const acme: Tenant = {
  slug: 'acme',
  name: 'Acme Logistics',
  platform: false,
  timeZone: 'Europe/Berlin',
  member: 'h4k2m9q0',
  operatorsInside: 0,
  permissions: { tenant: ['tenant.view', 'keys.view', 'keys.manage', 'statements.view'], stores: {} },
};

/** Draws something as it is inside of a tenant. */
export function renderIn(children: ReactNode, tenant: Tenant = acme) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={variables} env="test">
      <QueryClientProvider client={queries}>
        <TenantContext value={tenant}>{children}</TenantContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

type Answer = (request: Request) => unknown;

/** Stands in for the server: by method and path; what is not named is 404, as a problem document. */
export function fakeServer(answers: Record<string, Answer>) {
  const requests: Request[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    const request = input as Request;
    requests.push(request.clone());
    const answer = answers[`${request.method} ${new URL(request.url).pathname}`];
    const body =
      answer?.(request) ??
      ({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'no such thing',
        code: 'not_found',
        requestId: 'REQUEST',
      } satisfies Schema['Problem']);
    return new Response(JSON.stringify(body), {
      status: answer ? 200 : 404,
      headers: { 'Content-Type': answer ? 'application/json' : 'application/problem+json', ETag: '"3"' },
    });
  };
  globalThis.fetch = fetch as typeof globalThis.fetch;
  return requests;
}
