import { createFileRoute } from '@tanstack/react-router';
import { TenantsPage } from '@/features/operator/tenants-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/operator/tenants/')({
  component: function Page() {
    return (
      <Gate needs="tenants.view">
        <TenantsPage />
      </Gate>
    );
  },
});
