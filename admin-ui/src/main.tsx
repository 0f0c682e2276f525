import './nonce';
import '@fontsource-variable/inter';
import '@mantine/core/styles.css';
import './global.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRouter, RouterProvider } from '@tanstack/react-router';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { asApiError } from './api/problem';
import { ErrorPage, NotFoundPage } from './app/error-page';
import { Waiting } from './app/frame';
import { printLight } from './app/paper';
import { startLanguage } from './i18n';
import { nonce } from './nonce';
import { routeTree } from './routeTree.gen';
import { later } from './shared/ui/later';
import { theme, variables } from './theme';

const Notices = later(() => import('./app/notices').then((m) => m.Notices));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // Only what may be better the next time: no answer at all, or the server's trouble.
      retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(asApiError(error).status),
    },
    mutations: { retry: false },
  },
});

const router = createRouter({
  routeTree,
  basepath: '/admin',
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: Waiting,
  defaultErrorComponent: ({ error, reset }) => <ErrorPage error={error} retry={reset} />,
  defaultNotFoundComponent: NotFoundPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

printLight();
await startLanguage();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <Notices />
        <Suspense fallback={null}>
          <RouterProvider router={router} />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
