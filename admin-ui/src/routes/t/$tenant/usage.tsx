import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { UsagePage } from '@/features/usage/usage-page';
import { text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  from: text,
  to: text,
  store: text,
});

export const Route = createFileRoute('/t/$tenant/usage')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="billing.view">
        <UsagePage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
