import { useQuery } from '@tanstack/react-query';
import { createFileRoute, Navigate } from '@tanstack/react-router';
import { asApiError } from '@/api/problem';
import { ErrorPage } from '@/app/error-page';
import { Waiting } from '@/app/frame';
import { firstTenant, meQuery } from '@/app/session';

export const Route = createFileRoute('/')({ component: Begin });

/** Sends somebody to where they were last, or to sign in. */
function Begin() {
  const me = useQuery(meQuery);
  if (me.error && asApiError(me.error).status !== 401)
    return <ErrorPage error={me.error} retry={() => void me.refetch()} />;
  if (me.isPending) return <Waiting />;
  const tenant = me.data && firstTenant(me.data);
  if (!tenant) return <Navigate to="/sign-in" replace />;
  return tenant.platform ? (
    <Navigate to="/operator/tenants" replace />
  ) : (
    <Navigate to="/t/$tenant/home" params={{ tenant: tenant.slug }} replace />
  );
}
