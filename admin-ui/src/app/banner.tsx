import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { permits } from '@/shared/lib/permissions';
import { type Tenant, useFormat } from '@/shared/lib/tenant';
import { useNow } from '@/shared/lib/use-now';
import { meQuery } from './session';
import classes from './shell.module.css';

/** Says that an operator is inside: to the operator, with the way out; to the tenant's people, with who and why. */
export function Banner({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation('shell');
  const format = useFormat();
  const now = useNow(30_000, tenant.entry !== undefined);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => call(api.DELETE('/api/v1/tenants/{tenant}/entry', { params: { path: { tenant: tenant.slug } } })),
    onSuccess: async () => {
      await navigate({ to: '/operator/tenants' });
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  if (tenant.entry) {
    return (
      <section className={classes.banner} aria-label={t('inside.label')}>
        <TriangleAlert size={17} aria-hidden />
        <span>
          {t(tenant.entry.level === 'full' ? 'inside.full' : 'inside.read', {
            tenant: tenant.name,
            ends: format.ago(tenant.entry.expiresAt, now),
          })}{' '}
          {t('inside.reason', { reason: tenant.entry.reason })}
        </span>
        <Button size="compact-sm" variant="default" ml="auto" onClick={() => leave.mutate()} loading={leave.isPending}>
          {t('inside.leave')}
        </Button>
      </section>
    );
  }
  if (tenant.operatorsInside === 0) return null;
  return (
    <section className={classes.banner} aria-label={t('inside.label')}>
      <TriangleAlert size={17} aria-hidden />
      <span>{t('inside.others', { count: tenant.operatorsInside })}</span>
      {permits(tenant.permissions, 'members.view') && (
        <Link to="/t/$tenant/members" params={{ tenant: tenant.slug }} search={{ tab: 'operators' }}>
          {t('inside.who')}
        </Link>
      )}
    </section>
  );
}
