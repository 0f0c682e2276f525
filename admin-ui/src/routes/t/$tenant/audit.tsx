import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { AuditPage } from '@/features/audit/audit-page';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  actor: z.optional(z.catch(z.string(), '')),
  action: z.optional(z.catch(z.string(), '')),
  target: z.optional(z.catch(z.string(), '')),
  outcome: z.optional(z.catch(z.enum(['success', 'denied', 'failure']), 'success')),
  text: z.optional(z.catch(z.string(), '')),
  since: z.optional(z.catch(z.string(), '')),
  until: z.optional(z.catch(z.string(), '')),
  event: z.optional(z.catch(z.string(), '')),
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
