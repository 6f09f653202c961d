// SPDX-License-Identifier: Apache-2.0
import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { live } from './api/live';
import { findSession } from './api/session';
import { App } from './App';
import { startLanguages } from './i18n';
import { theme } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      // What was refused is refused again; what was not reached may be there in a moment.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.code !== 0 && error.code < 500),
    },
  },
});

live.start();
void Promise.all([startLanguages(), findSession()]).then(() => {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <ThemeProvider theme={theme} defaultMode="system" noSsr>
        <CssBaseline enableColorScheme />
        <QueryClientProvider client={queries}>
          <App />
        </QueryClientProvider>
      </ThemeProvider>
    </StrictMode>,
  );
});
