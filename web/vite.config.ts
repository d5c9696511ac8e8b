import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Writes a .gz beside every text asset, so that the binary serves it without compressing each time. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async closeBundle() {
      const root = fileURLToPath(new URL('./dist', import.meta.url));
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|svg|json)$/.test(entry.name)) continue;
        const path = `${entry.parentPath}/${entry.name}`;
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
      }
    },
  };
}

const backend = process.env['PONTE_WEB_BACKEND'] ?? 'http://127.0.0.1:8080';

const backends: Record<string, string> = { '/api': backend, '/media': backend, '/rehearse/control': backend, '/openapi.json': backend };

// The mock reads files from beside this folder, which are not there where the interface is built alone: it is loaded when it is meant.
const mocks = async (mode: string): Promise<Plugin[]> => (mode === 'mock' ? [(await import('./mock/plugin.ts')).mockApi()] : []);

export default defineConfig(async ({ mode }) => ({
  plugins: [react(), ...(mode === 'production' ? [precompress()] : []), ...(await mocks(mode))],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The server replaces the placeholder with a fresh nonce in the page and in its header.
  html: { cspNonce: '__CSP_NONCE__' },
  build: { target: 'es2023', manifest: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0, sourcemap: false, outDir: mode === 'mock' ? '../bin/mock' : 'dist', emptyOutDir: true },
  preview: { host: '127.0.0.1' },
  server: {
    host: '127.0.0.1',
    proxy: mode === 'mock' ? {} : backends,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/test-setup.ts'],
    css: false,
  },
}));
