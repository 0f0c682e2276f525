import { createFileRoute, useNavigate } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { StreamsPage } from '@/features/streams/streams-page';
import { text } from '@/shared/lib/search';
import { Gate } from '@/shared/ui/can';

const search = z.object({ stream: text });

export const Route = createFileRoute('/t/$tenant/streams')({
  validateSearch: (input) => z.parse(search, input),
  component: function Page() {
    const navigate = useNavigate({ from: Route.fullPath });
    const { stream } = Route.useSearch();
    return (
      <Gate needs="audit.export">
        <StreamsPage stream={stream} onStream={(next) => void navigate({ search: { stream: next }, replace: true })} />
      </Gate>
    );
  },
});
