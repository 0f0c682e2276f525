import { Button, Checkbox, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { onceKey, type Schema } from '@/api/client';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { endOfDay } from '@/shared/lib/time-range';
import { Dialog } from '@/shared/ui/dialog';
import { ErrorNote } from '@/shared/ui/empty-state';
import { bulk, networks, scopes, useKeyChanges } from './queries';

interface Props {
  stores: Schema['Store'][];
  store: string | undefined;
  onClose: () => void;
  onIssued: (issued: Schema['IssuedKey']) => void;
}

export function CreateKey({ stores, store, onClose, onIssued }: Props) {
  const { t } = useTranslation('keys');
  const tenant = useTenant();
  const can = useCan();
  const { create } = useKeyChanges(tenant.slug);
  const once = useRef(onceKey());
  const form = useForm({
    mode: 'controlled',
    initialValues: {
      name: '',
      store: store ?? stores[0]?.slug ?? '',
      scopes: ['statements/write'] as string[],
      networks: '',
      expires: '',
    },
    validate: {
      name: (value) => (value.trim() ? null : t('create.nameMissing')),
      scopes: (value) => (value.length > 0 ? null : t('create.scopesMissing')),
    },
  });
  const submit = form.onSubmit(async (values) => {
    const issued = await create.mutateAsync({
      store: values.store,
      once: once.current,
      body: {
        name: values.name.trim(),
        scopes: values.scopes as Schema['Scope'][],
        networks: networks(values.networks),
        ...(values.expires && { expiresAt: endOfDay(values.expires, tenant.timeZone) }),
      },
    });
    onIssued(issued);
  });
  return (
    <Dialog opened onClose={onClose} title={t('create.title')} size="lg">
      {/* What the server refuses is shown below; the promise has nothing more to say. */}
      <form onSubmit={(event) => void Promise.resolve(submit(event)).catch(() => undefined)} noValidate>
        <Stack>
          <TextInput
            label={t('name')}
            description={t('create.nameHint')}
            required
            data-autofocus
            maxLength={200}
            {...form.getInputProps('name')}
          />
          <Select
            label={t('store')}
            description={t('create.storeHint')}
            data={stores.map((s) => ({ value: s.slug, label: s.name }))}
            allowDeselect={false}
            {...form.getInputProps('store')}
          />
          <Checkbox.Group label={t('scopes')} description={t('create.scopesHint')} {...form.getInputProps('scopes')}>
            <Stack gap={8} mt="xs">
              {scopes.map((scope) => {
                const refused = bulk.includes(scope) && !can('statements.export', form.values.store);
                return (
                  <Checkbox
                    key={scope}
                    value={scope}
                    disabled={refused}
                    label={<code>{scope}</code>}
                    description={
                      refused ? t('create.bulkRefused') : t(`scope.${scope.replaceAll('/', '_')}` as 'scope.all')
                    }
                  />
                );
              })}
            </Stack>
          </Checkbox.Group>
          <Textarea
            label={t('networks')}
            description={t('create.networksHint')}
            placeholder="192.0.2.0/24"
            autosize
            minRows={1}
            {...form.getInputProps('networks')}
          />
          <TextInput
            type="date"
            label={t('create.expires')}
            description={t('create.expiresHint')}
            {...form.getInputProps('expires')}
          />
          <ErrorNote error={create.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel', { ns: 'shared' })}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('create.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
