import { createFileRoute } from '@tanstack/react-router';
import * as z from 'zod/mini';
import { SignInPage } from '@/app/sign-in-page';

const search = z.object({
  return_to: z.optional(z.catch(z.string(), '')),
  tenant: z.optional(z.catch(z.string(), '')),
  error: z.optional(z.catch(z.string(), '')),
});

export const Route = createFileRoute('/sign-in')({
  validateSearch: (input) => z.parse(search, input),
  component: function SignIn() {
    const { return_to, error, tenant } = Route.useSearch();
    return <SignInPage returnTo={return_to} error={error} tenant={tenant} />;
  },
});
