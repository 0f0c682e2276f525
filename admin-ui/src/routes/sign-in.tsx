import { createFileRoute } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { SignInPage } from '@/app/sign-in-page';
import { text } from '@/shared/lib/search';

const search = z.object({
  return_to: text,
  tenant: text,
  error: text,
  request: text,
});

export const Route = createFileRoute('/sign-in')({
  validateSearch: (input) => z.parse(search, input),
  component: function SignIn() {
    const { return_to, error, request, tenant } = Route.useSearch();
    return <SignInPage returnTo={return_to} error={error} request={request} tenant={tenant} />;
  },
});
