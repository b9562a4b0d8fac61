// How the console is built: into the Python package, under /, for its own origin alone.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  worker: { format: 'es' },
  server: { proxy: { '/api': process.env.TOCSIN_URL ?? 'http://127.0.0.1:8080' } },
  build: {
    outDir: '../src/tocsin/web/static',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    license: { fileName: 'licenses.md' },
  },
  test: { include: ['src/tests/**/*.test.ts'], environment: 'node' },
});
