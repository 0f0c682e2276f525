import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { StatementsPage } from '@/features/statements/statements-page';
import { flag, text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  store: text,
  q: text,
  since: text,
  until: text,
  id: text,
  tab: z.optional(z.catch(z.enum(['summary', 'json', 'context', 'related']), 'summary')),
  live: flag,
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
