import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';

/**
 * Two kinds of browser tests. "screens" looks at every screen, full and empty, on a made-up API;
 * "journey" walks through a running ponte whose address is in PONTE_E2E_URL.
 */
const real = process.env['PONTE_E2E_URL'];
const port = Number(process.env['PONTE_E2E_PORT'] ?? 5198);

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // Screens share nothing. The journeys share one running ponte, and its people.
  workers: real ? 1 : Math.min(2, availableParallelism()),
  fullyParallel: !real,
  reporter: 'list',
  timeout: 60_000,
  use: {
    launchOptions: {
      executablePath: process.env['PONTE_CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
    locale: 'en-GB',
    trace: 'off',
  },
  projects: real
    ? [{ name: 'journey', testMatch: /(journey|campaigns|drafting|flows|policy|day-\w+)\.spec\.ts/, use: { baseURL: real, viewport: { width: 1280, height: 800 } } }]
    : [{ name: 'screens', testMatch: /(screens|console|qualities|timeline)\.spec\.ts/, use: { baseURL: `http://127.0.0.1:${port}` } }],
  ...(real ? {} : { webServer: { command: `npx vite build --mode mock --logLevel warn && npx vite preview --mode mock --port ${port} --strictPort`, url: `http://127.0.0.1:${port}/`, reuseExistingServer: false } }),
});
