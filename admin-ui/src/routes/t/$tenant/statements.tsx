import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { StatementsPage } from '@/features/statements/statements-page';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  store: z.optional(z.catch(z.string(), '')),
  q: z.optional(z.catch(z.string(), '')),
  since: z.optional(z.catch(z.string(), '')),
  until: z.optional(z.catch(z.string(), '')),
  id: z.optional(z.catch(z.string(), '')),
  live: z.optional(z.catch(z.boolean(), false)),
});

export const Route = createFileRoute('/t/$tenant/statements')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="statements.view">
        <StatementsPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
