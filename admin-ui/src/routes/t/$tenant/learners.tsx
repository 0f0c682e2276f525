import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { LearnersPage } from '@/features/learners/learners-page';
import { text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  store: text,
  who: text,
});

export const Route = createFileRoute('/t/$tenant/learners')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="statements.view">
        <LearnersPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
