import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { PlatformAuditPage } from '@/features/operator/platform-audit-page';
import { text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  tenant: text,
  action: text,
  actor: text,
  outcome: z.optional(z.catch(z.enum(['success', 'denied', 'failure']), 'success')),
  since: text,
  until: text,
});

export const Route = createFileRoute('/operator/audit')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="audit.view">
        <PlatformAuditPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
