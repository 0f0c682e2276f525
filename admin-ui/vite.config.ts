import { fileURLToPath } from 'node:url';
import { tanstackRouter } from '@tanstack/router-plugin/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The console is served under /admin by the Go binary (embed.go). The server puts a
// fresh nonce for STOA_NONCE into every answer of index.html.
export default defineConfig({
  base: '/admin/',
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  html: { cspNonce: 'STOA_NONCE' },
  plugins: [
    tanstackRouter({
      target: 'react',
      autoCodeSplitting: true,
      routesDirectory: 'src/routes',
      generatedRouteTree: 'src/routeTree.gen.ts',
      quoteStyle: 'single',
      semicolons: true,
    }),
    react(),
  ],
  build: {
    target: 'es2023',
    // light-dark() as it is: rewritten for older browsers it would follow no colour scheme of ours.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // An inlined asset is a data: URL, which the content security policy refuses.
    assetsInlineLimit: 0,
    manifest: true,
    rolldownOptions: {
      output: {
        // What most pages share comes in two files: dozens of small ones compress badly.
        codeSplitting: {
          groups: [
            { name: 'kit', test: /node_modules/, minShareCount: 8 },
            { name: 'common', test: /src[\\/](shared|api)[\\/]|lucide/, minShareCount: 8 },
          ],
        },
      },
    },
    sourcemap: false,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/auth': 'http://127.0.0.1:8080' } },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'http://localhost/admin/' } },
    setupFiles: ['src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: false,
    // Typing into forms takes seconds where much else runs.
    testTimeout: 30_000,
  },
});
