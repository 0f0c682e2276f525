import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { KeysPage } from '@/features/keys/keys-page';
import { flag, text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  store: text,
  key: text,
  create: flag,
});

export const Route = createFileRoute('/t/$tenant/keys')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="keys.view">
        <KeysPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
