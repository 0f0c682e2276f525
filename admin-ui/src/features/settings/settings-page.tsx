import { Alert, Button, Group, Radio, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ChangeEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schema, type Versioned, versioned } from '@/api/client';
import { asApiError } from '@/api/problem';
import { notify } from '@/shared/lib/notify';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { ErrorNote, ErrorState } from '@/shared/ui/empty-state';
import { PageHeader, Panel } from '@/shared/ui/page-header';

type Settings = Schema['Settings'];

export function SettingsPage() {
  const { t } = useTranslation('settings');
  const tenant = useTenant();
  const settings = useQuery({
    queryKey: ['settings', tenant.slug],
    queryFn: ({ signal }) =>
      versioned(api.GET('/api/v1/tenants/{tenant}/settings', { params: { path: { tenant: tenant.slug } }, signal })),
    // What somebody is changing must not be replaced under them.
    refetchOnWindowFocus: false,
  });
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      {settings.error && <ErrorState error={settings.error} retry={() => void settings.refetch()} />}
      {settings.data && <Form key={settings.data.etag} of={settings.data} />}
    </>
  );
}

/** What was changed, and nothing else: a change names only what it changes. */
export function changes(before: Settings, after: Settings): Schema['SettingsChange'] {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => before[name as keyof Settings] !== value));
}

function Form({ of }: { of: Versioned<Settings> }) {
  const { t, i18n } = useTranslation('settings');
  const tenant = useTenant();
  const can = useCan();
  const queries = useQueryClient();
  const form = useForm<Settings>({ mode: 'controlled', initialValues: of.value });
  const number = (name: 'viewingCap' | 'auditDays') => ({
    ...form.getInputProps(name),
    // A native field gives text.
    onChange: (event: ChangeEvent<HTMLInputElement>) =>
      form.setFieldValue(name, event.currentTarget.valueAsNumber || 0),
  });
  const save = useMutation({
    mutationFn: (values: Settings) =>
      call(
        api.PATCH('/api/v1/tenants/{tenant}/settings', {
          params: { path: { tenant: tenant.slug }, header: { 'If-Match': of.etag } },
          body: changes(of.value, values),
        }),
      ),
    onSuccess: async () => {
      void notify(t('saved', { ns: 'shared' }));
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['settings', tenant.slug] }),
        queries.invalidateQueries({ queryKey: ['me'] }),
      ]);
    },
  });
  const stale = save.error ? asApiError(save.error).status === 412 : false;
  const readOnly = !can('tenant.edit');
  const languages = new Intl.DisplayNames(i18n.language, { type: 'language' });
  const zones = Intl.supportedValuesOf('timeZone');
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack maw={720}>
        {readOnly && (
          <Alert color="gray" p="xs">
            {t('needs', { ns: 'shared', needs: 'tenant.edit' })}
          </Alert>
        )}
        <Panel title={t('general')}>
          <Stack>
            <Select
              label={t('timeZone')}
              description={t('timeZoneHint')}
              data={zones.includes(of.value.timeZone) ? zones : [of.value.timeZone, ...zones]}
              searchable
              allowDeselect={false}
              disabled={readOnly}
              {...form.getInputProps('timeZone')}
            />
            <Select
              label={t('locale')}
              description={t('localeHint')}
              data={[...new Set([of.value.locale, 'en', 'de'])].map((value) => ({
                value,
                label: languages.of(value) ?? value,
              }))}
              allowDeselect={false}
              disabled={readOnly}
              {...form.getInputProps('locale')}
            />
          </Stack>
        </Panel>
        <Panel title={t('privacy')}>
          <Stack>
            <Radio.Group
              label={t('breakGlass')}
              description={t('breakGlassHint')}
              {...form.getInputProps('breakGlass')}
            >
              <Stack gap={8} mt="xs">
                {(['off', 'read', 'full'] as const).map((value) => (
                  <Radio key={value} value={value} label={t(`breakGlass_${value}`)} disabled={readOnly} />
                ))}
              </Stack>
            </Radio.Group>
            <TextInput
              type="number"
              label={t('viewingCap')}
              description={t('viewingCapHint')}
              min={0}
              max={1_000_000}
              disabled={readOnly}
              {...number('viewingCap')}
            />
            <TextInput
              type="number"
              label={t('auditDays')}
              description={t('auditDaysHint')}
              min={0}
              max={36_500}
              disabled={readOnly}
              {...number('auditDays')}
            />
          </Stack>
        </Panel>
        <ErrorNote error={save.error} />
        {stale && (
          <Group>
            <Text size="sm">{t('stale')}</Text>
            <Button
              variant="default"
              onClick={() => void queries.invalidateQueries({ queryKey: ['settings', tenant.slug] })}
            >
              {t('reload')}
            </Button>
          </Group>
        )}
        {!readOnly && (
          <Group>
            <Button type="submit" disabled={!form.isDirty()} loading={save.isPending}>
              {t('save', { ns: 'shared' })}
            </Button>
            {form.isDirty() && (
              <Button variant="default" onClick={form.reset}>
                {t('discard')}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}
