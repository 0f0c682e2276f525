import { createFileRoute } from '@tanstack/react-router';
import { SSOPage } from '@/features/sso/sso-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/t/$tenant/sso')({
  component: function Page() {
    return (
      <Gate needs="sso.view">
        <SSOPage />
      </Gate>
    );
  },
});
