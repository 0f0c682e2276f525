import { Button, Center, Container, Loader, Modal, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Navigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { onUnauthenticated, type Schema } from '@/api/client';
import { asApiError } from '@/api/problem';
import { type Tenant, TenantContext } from '@/shared/lib/tenant';
import { ErrorPage } from './error-page';
import { meQuery, signInUrl, tenantOf } from './session';
import { Shell } from './shell';

/** A page inside a tenant, or what stands in its place: signing in, the wrong tenant, an ended session. */
export function Frame({ slug, children }: { slug: (me: Schema['Me']) => string | undefined; children: ReactNode }) {
  const me = useQuery(meQuery);
  const here = useRouterState({ select: (s) => `/admin${s.location.href}` });
  const [over, setOver] = useState(false);
  useEffect(() => onUnauthenticated(() => setOver(true)), []);

  if (me.data === undefined) {
    if (me.error && asApiError(me.error).status === 401) return <ToSignIn from={here} />;
    if (me.error) return <ErrorPage error={me.error} retry={() => void me.refetch()} />;
    return <Waiting />;
  }
  const name = slug(me.data);
  const tenant = name === undefined ? undefined : tenantOf(me.data, name);
  if (!tenant) return <NotSignedIn slug={name} here={here} />;
  return (
    <TenantContext value={tenant}>
      <Shell me={me.data} tenant={tenant}>
        <Suspense fallback={<Waiting />}>{children}</Suspense>
      </Shell>
      {over && <SessionOver tenant={tenant} here={here} />}
    </TenantContext>
  );
}

/** Leads to signing in and back to where one was: `from` as it was first, since it follows the router on its way there. */
function ToSignIn({ from }: { from: string }) {
  const [here] = useState(from);
  return <Navigate to="/sign-in" search={{ return_to: here }} replace />;
}

export function Waiting() {
  const { t } = useTranslation('shared');
  return (
    <Center py={120} role="status" aria-label={t('loading')}>
      <Loader size="sm" />
    </Center>
  );
}

function NotSignedIn({ slug, here }: { slug: string | undefined; here: string }) {
  const { t } = useTranslation('shell');
  return (
    <Container size="xs" py={100} component="main">
      <Stack>
        <Title order={1}>{slug ? t('elsewhere.title', { tenant: slug }) : t('elsewhere.operators')}</Title>
        <Text c="dimmed">{t('elsewhere.text')}</Text>
        <Button component="a" href={slug ? signInUrl({ tenant: slug }, here) : '/admin/sign-in'}>
          {t('elsewhere.go')}
        </Button>
        <Button component="a" href="/admin/" variant="default">
          {t('notFound.home')}
        </Button>
      </Stack>
    </Container>
  );
}

/** The page stays as it is behind: what was typed can still be copied. */
function SessionOver({ tenant, here }: { tenant: Tenant; here: string }) {
  const { t } = useTranslation('shell');
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('over.title')}
    >
      <Stack>
        <Text size="sm">{t('over.text')}</Text>
        <Button
          component="a"
          href={tenant.entry ? '/admin/sign-in' : signInUrl({ tenant: tenant.slug }, here)}
          data-autofocus
        >
          {t('over.go')}
        </Button>
      </Stack>
    </Modal>
  );
}
