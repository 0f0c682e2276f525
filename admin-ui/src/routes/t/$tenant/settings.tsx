import { createFileRoute } from '@tanstack/react-router';
import { SettingsPage } from '@/features/settings/settings-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/t/$tenant/settings')({
  component: function Page() {
    return (
      <Gate needs="tenant.view">
        <SettingsPage />
      </Gate>
    );
  },
});
