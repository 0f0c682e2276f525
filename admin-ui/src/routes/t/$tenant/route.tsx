import { createFileRoute, Outlet } from '@tanstack/react-router';
import { Frame } from '@/app/frame';

export const Route = createFileRoute('/t/$tenant')({
  component: function TenantFrame() {
    const { tenant } = Route.useParams();
    return (
      <Frame slug={() => tenant}>
        <Outlet />
      </Frame>
    );
  },
});
