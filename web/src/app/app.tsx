import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { ApiError } from '@/api/errors';
import { cssVariables, theme } from '@/ui/theme';
import { router } from './router';

/** The page's nonce, which the server puts in; styles added at run time must carry it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
if (nonce) setNonce(nonce);

const schemes = localStorageColorSchemeManager({ key: 'ponte.scheme' });

// A session that ended anywhere ends here too: the gate asks again and shows the sign-in. Where nobody is
// signed in there is nothing to ask: a wrong password is refused with 401 too, and must leave the form as it is.
const ended = (error: unknown) => {
  if (error instanceof ApiError && error.status === 401 && client.getQueryState(['me'])?.status === 'success') void client.invalidateQueries({ queryKey: ['me'] });
};
const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error, query) => { if (query.queryKey[0] !== 'me') ended(error); } }),
  mutationCache: new MutationCache({ onError: ended }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
      refetchOnWindowFocus: 'always',
    },
    // Without a connection what is asked for fails at once and says so: done later and unseen, it would surprise.
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" colorSchemeManager={schemes} getStyleNonce={() => nonce}>
      <Notifications position="bottom-left" containerWidth={316} limit={4} />
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
