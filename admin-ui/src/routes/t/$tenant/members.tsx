import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { MembersPage } from '@/features/members/members-page';
import { flag, text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({
  q: text,
  tab: z.optional(z.catch(z.enum(['people', 'roles', 'review', 'operators']), 'people')),
  member: text,
  role: text,
  invite: flag,
});

export const Route = createFileRoute('/t/$tenant/members')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const search = Route.useSearch();
    return (
      <Gate needs="members.view">
        <MembersPage search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </Gate>
    );
  },
});
