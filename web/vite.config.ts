// SPDX-License-Identifier: Apache-2.0
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // What the page needs at once is one piece; each screen is one more.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
  // `npx vite`: for work on the page, against a tresor serve --plain-http that runs elsewhere.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/apis', '/page', '/login', '/logout', '/whoami', '/readyz', '/version', '/etcd-credentials'].map(
        (path) => [path, process.env.TRESOR_SERVER ?? 'http://127.0.0.1:8443'],
      ),
    ),
  },
});
