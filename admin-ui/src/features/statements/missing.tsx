import { Alert, Button, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useTenant } from '@/shared/lib/tenant';
import { ButtonLink } from '@/shared/ui/links';
import { elsewhereQuery } from './queries';

/** Why a statement is not here: it is in another store, or it never came; and what to look at next. */
export function Missing({
  id,
  store,
  stores,
  onOpen,
}: {
  id: string;
  store: string;
  stores: string[];
  onOpen: (id: string, store: string) => void;
}) {
  const { t } = useTranslation('statements');
  const tenant = useTenant();
  const elsewhere = useQuery(
    elsewhereQuery(
      tenant.slug,
      stores.filter((s) => s !== store),
      id,
    ),
  );
  const found = elsewhere.data;
  return (
    <Stack>
      <Alert color="orange" title={t('missing.title')}>
        {t('missing.text', { id, store })}
      </Alert>
      {elsewhere.isPending && <Loader size="xs" aria-label={t('loading', { ns: 'shared' })} />}
      {found && <Button onClick={() => onOpen(id, found)}>{t('missing.elsewhere', { store: found })}</Button>}
      {elsewhere.isSuccess && !found && (
        <Text size="sm" component="div">
          <ul style={{ margin: 0, paddingInlineStart: 20 }}>
            <li>{t('missing.stores')}</li>
            <li>{t('missing.refused')}</li>
            <li>{t('missing.key')}</li>
          </ul>
        </Text>
      )}
      <ButtonLink variant="default" to="/t/$tenant/keys" params={{ tenant: tenant.slug }}>
        {t('missing.keys')}
      </ButtonLink>
      <ButtonLink variant="default" to="/t/$tenant/audit" params={{ tenant: tenant.slug }} search={{ target: id }}>
        {t('missing.audit')}
      </ButtonLink>
    </Stack>
  );
}
