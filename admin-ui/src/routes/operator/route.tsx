import { createFileRoute, Outlet } from '@tanstack/react-router';
import { Frame } from '@/app/frame';

export const Route = createFileRoute('/operator')({
  component: function OperatorFrame() {
    return (
      <Frame slug={(me) => me.signIns.find((s) => s.platform)?.tenant}>
        <Outlet />
      </Frame>
    );
  },
});
