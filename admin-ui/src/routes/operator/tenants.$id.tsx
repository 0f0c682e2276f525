import { createFileRoute } from '@tanstack/react-router';
import { TenantPage } from '@/features/operator/tenant-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/operator/tenants/$id')({
  component: function Page() {
    const { id } = Route.useParams();
    return (
      <Gate needs="tenants.view">
        <TenantPage slug={id} />
      </Gate>
    );
  },
});
