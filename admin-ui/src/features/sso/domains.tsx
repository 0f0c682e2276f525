import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, onceKey } from '@/api/client';
import { useCan, useTenant } from '@/shared/lib/tenant';
import { Copy } from '@/shared/ui/copy';
import { ErrorNote } from '@/shared/ui/empty-state';
import { Panel } from '@/shared/ui/page-header';
import { Status } from '@/shared/ui/status';

/** E-mail domains that lead to this tenant's sign-in, once a DNS record proves them. */
export function Domains() {
  const { t } = useTranslation('sso');
  const tenant = useTenant();
  const can = useCan();
  const queries = useQueryClient();
  const path = { tenant: tenant.slug };
  const key = ['sso', tenant.slug, 'domains'];
  const domains = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      call(api.GET('/api/v1/tenants/{tenant}/sso/domains', { params: { path, query: { limit: 1000 } }, signal })),
  });
  const once = useRef(onceKey());
  const [name, setName] = useState('');
  const onSuccess = () => queries.invalidateQueries({ queryKey: key });
  const claim = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/v1/tenants/{tenant}/sso/domains', {
          params: { path, header: { 'Idempotency-Key': once.current } },
          body: { domain: name.trim().toLowerCase() },
        }),
      ),
    onSuccess: () => {
      once.current = onceKey();
      setName('');
      return onSuccess();
    },
  });
  const at = (domain: string) => ({ params: { path: { ...path, domain } } });
  const verify = useMutation({
    mutationFn: (domain: string) => call(api.POST('/api/v1/tenants/{tenant}/sso/domains/{domain}/verify', at(domain))),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: (domain: string) => call(api.DELETE('/api/v1/tenants/{tenant}/sso/domains/{domain}', at(domain))),
    onSuccess,
  });
  return (
    <Panel title={t('domains.title')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('domains.text')}
        </Text>
        <ErrorNote error={domains.error ?? verify.error ?? remove.error} />
        {domains.data?.items.map((d) => (
          <Stack key={d.domain} gap={6}>
            <Group justify="space-between">
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {d.domain}
                </Text>
                <Status of={d.verified ? 'verified' : 'unverified'} />
              </Group>
              {can('sso.manage') && (
                <Group gap={6}>
                  {!d.verified && (
                    <Button
                      size="compact-sm"
                      onClick={() => verify.mutate(d.domain)}
                      loading={verify.isPending && verify.variables === d.domain}
                      aria-label={t('domains.verifyNamed', { domain: d.domain })}
                    >
                      {t('domains.verify')}
                    </Button>
                  )}
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => remove.mutate(d.domain)}
                    aria-label={t('domains.removeNamed', { domain: d.domain })}
                  >
                    {t('remove')}
                  </Button>
                </Group>
              )}
            </Group>
            {!d.verified && (
              <Group gap="xs">
                <Text size="sm">{t('domains.record', { type: d.record.type })}</Text>
                <code>{d.record.name}</code>
                <code>{d.record.value}</code>
                <Copy value={d.record.value} compact />
              </Group>
            )}
          </Stack>
        ))}
        {can('sso.manage') && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              claim.mutate();
            }}
          >
            <Group align="flex-end">
              <TextInput
                label={t('domains.name')}
                placeholder="example.com"
                required
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Button type="submit" variant="default" loading={claim.isPending}>
                {t('domains.claim')}
              </Button>
            </Group>
            <ErrorNote error={claim.error} />
          </form>
        )}
      </Stack>
    </Panel>
  );
}
