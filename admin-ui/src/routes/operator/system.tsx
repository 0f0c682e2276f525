import { createFileRoute } from '@tanstack/react-router';
import { SystemPage } from '@/features/operator/system-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/operator/system')({
  component: function Page() {
    return (
      <Gate needs="platform.view">
        <SystemPage />
      </Gate>
    );
  },
});
