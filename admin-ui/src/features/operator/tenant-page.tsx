import { Button, Group, Loader, Skeleton, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { type ChangeEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Versioned } from '@/api/client';
import { notify } from '@/shared/lib/notify';
import { useCan, useFormat } from '@/shared/lib/tenant';
import { GuardedButton } from '@/shared/ui/can';
import { ConfirmByName } from '@/shared/ui/confirm-by-name';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import { later } from '@/shared/ui/later';
import { Facts, PageHeader, Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';
import { type TenantRow, tenantQuery, useTenantChanges } from './queries';

const Figures = later(() => import('./figures').then((m) => m.Figures), <Skeleton height={232} />);
const LastDays = later(() => import('./figures').then((m) => m.LastDays));
const Enter = later(() => import('./enter').then((m) => m.Enter));

export function TenantPage({ slug }: { slug: string }) {
  const { t } = useTranslation('operator');
  const tenant = useQuery(tenantQuery(slug));
  if (tenant.error) return <ErrorState page error={tenant.error} retry={() => void tenant.refetch()} />;
  if (!tenant.data) return <Loader size="sm" aria-label={t('loading', { ns: 'shared' })} />;
  return <Detail key={tenant.data.etag} of={tenant.data} />;
}

function Detail({ of: { value: tenant, etag } }: { of: Versioned<TenantRow> }) {
  const { t } = useTranslation('operator');
  const can = useCan();
  const format = useFormat();
  const { change, suspend, resume } = useTenantChanges();
  const [suspending, setSuspending] = useState(false);
  const [entering, setEntering] = useState(false);
  const form = useForm({ mode: 'controlled', initialValues: { name: tenant.name, ...tenant.limits } });
  const number = (name: 'requestsPerMinute' | 'statementsPerMinute') => ({
    ...form.getInputProps(name),
    // A native field gives text.
    onChange: (event: ChangeEvent<HTMLInputElement>) =>
      form.setFieldValue(name, event.currentTarget.valueAsNumber || 0),
  });
  const readOnly = !can('tenants.manage');
  return (
    <>
      <PageHeader title={tenant.name} text={<code>{tenant.slug}</code>}>
        <GuardedButton needs="tenants.enter" onClick={() => setEntering(true)}>
          {t('enter.open')}
        </GuardedButton>
        {tenant.status === 'active' ? (
          <GuardedButton
            needs="tenants.manage"
            variant="outline"
            color="red"
            c="var(--mantine-color-error)"
            onClick={() => setSuspending(true)}
          >
            {t('suspend.open')}
          </GuardedButton>
        ) : (
          <GuardedButton
            needs="tenants.manage"
            variant="default"
            loading={resume.isPending}
            onClick={() => resume.mutate(tenant.slug)}
          >
            {t('resume')}
          </GuardedButton>
        )}
      </PageHeader>
      <Stack maw={960}>
        <ErrorNote error={resume.error} />
        <Panel>
          <Facts
            rows={[
              [t('status'), <Status key="status" of={tenant.status} />],
              [t('created'), format.time(tenant.createdAt)],
            ]}
          />
        </Panel>
        <Figures tenant={tenant.slug} />
        <Panel title={t('limits')}>
          <form
            onSubmit={form.onSubmit(({ name, ...limits }) =>
              change.mutate(
                { tenant: tenant.slug, etag, body: { name, limits } },
                { onSuccess: () => void notify(t('saved', { ns: 'shared' })) },
              ),
            )}
          >
            <Stack>
              <TextInput
                label={t('name')}
                required
                maxLength={200}
                disabled={readOnly}
                {...form.getInputProps('name')}
              />
              <TextInput
                type="number"
                label={t('requests')}
                description={t('limitHint')}
                min={0}
                max={1_000_000_000}
                disabled={readOnly}
                {...number('requestsPerMinute')}
              />
              <TextInput
                type="number"
                label={t('statements')}
                description={t('limitHint')}
                min={0}
                max={1_000_000_000}
                disabled={readOnly}
                {...number('statementsPerMinute')}
              />
              <ErrorNote error={change.error} />
              <Group>
                <Button type="submit" disabled={readOnly || !form.isDirty()} loading={change.isPending}>
                  {t('save', { ns: 'shared' })}
                </Button>
              </Group>
            </Stack>
          </form>
        </Panel>
        <LastDays tenant={tenant.slug} />
      </Stack>
      <ConfirmByName
        opened={suspending}
        onClose={() => setSuspending(false)}
        title={t('suspend.title', { name: tenant.name })}
        name={tenant.slug}
        action={t('suspend.go')}
        onConfirm={() => suspend.mutate(tenant.slug, { onSuccess: () => setSuspending(false) })}
        pending={suspend.isPending}
        error={suspend.error}
      >
        {t('suspend.text')}
      </ConfirmByName>
      {entering && <Enter tenant={tenant} onClose={() => setEntering(false)} />}
    </>
  );
}
