import { defineConfig } from '@playwright/test'
import { launchOptions } from './test/support/chromium.ts'

const desktop = { viewport: { width: 1280, height: 800 } }

// What no screen and no script changes, or what is about a script, is walked through once.
const SAME_EVERYWHERE = [
  'pages.spec.ts',
  'public-demo.spec.ts',
  'keyboard.spec.ts',
  'tabs.spec.ts',
  'end-warning.spec.ts',
  'waiting-pages.spec.ts',
  'fixation.spec.ts',
  'back-button.spec.ts',
  'full-browser.spec.ts',
  'device-binding.spec.ts',
  'stolen-cookie.spec.ts',
  'confirm-form.spec.ts',
  'api-docs.spec.ts',
  'cookie-options.spec.ts',
  'inspector-drawer.spec.ts',
  'lab.spec.ts',
]

// What a phone shows as a desktop does, and pages.spec.ts checks the width.
const SAME_ON_A_PHONE = ['live-console.spec.ts', 'live-parts.spec.ts', 'my-sessions.spec.ts', 'customers.spec.ts']

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '*.spec.ts',
  outputDir: 'test/e2e/results',
  workers: 2,
  fullyParallel: true,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  use: {
    browserName: 'chromium',
    launchOptions: launchOptions(),
    locale: 'en-GB',
    timezoneId: 'UTC',
    screenshot: 'only-on-failure',
    // Recording takes as long again; "npx playwright test --trace retain-on-failure" does it where one looks for a fault.
    trace: 'off',
  },
  projects: [
    { name: 'desktop', use: desktop },
    {
      name: 'phone',
      testIgnore: [...SAME_EVERYWHERE, ...SAME_ON_A_PHONE],
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    },
    { name: 'no-javascript', testIgnore: SAME_EVERYWHERE, use: { ...desktop, javaScriptEnabled: false } },
  ],
})
