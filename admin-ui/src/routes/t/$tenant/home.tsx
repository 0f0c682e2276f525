import { createFileRoute } from '@tanstack/react-router';
import { HomePage } from '@/features/home/home-page';
import { Gate } from '@/shared/ui/can';

export const Route = createFileRoute('/t/$tenant/home')({
  component: function Page() {
    return (
      <Gate needs="tenant.view">
        <HomePage />
      </Gate>
    );
  },
});
