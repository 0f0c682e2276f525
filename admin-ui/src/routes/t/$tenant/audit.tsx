import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { AuditPage } from '@/features/audit/audit-page';
import { text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  actor: text,
  action: text,
  target: text,
  session: text,
  outcome: z.optional(z.catch(z.enum(['success', 'denied', 'failure']), 'success')),
  text: text,
  since: text,
  until: text,
  event: text,
});

export const Route = createFileRoute('/t/$tenant/audit')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="audit.view">
        <AuditPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
