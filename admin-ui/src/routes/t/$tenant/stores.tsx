import { createFileRoute } from '@tanstack/react-router';
import { StoresPage } from '@/features/stores/stores-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/t/$tenant/stores')({
  component: function Page() {
    return (
      <Gate needs="stores.view">
        <StoresPage />
      </Gate>
    );
  },
});
