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

// pages.spec.ts checks every page at the width of a phone, so only the stories are walked through with a phone.
const ON_A_PHONE = ['stories/*.spec.ts', 'tour.spec.ts']

// Files that an earlier run has walked through with a desktop screen, separated by commas.
const doneOnDesktop = (process.env.DONE_ON_DESKTOP ?? '').split(',').filter(Boolean)

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
    { name: 'desktop', testIgnore: doneOnDesktop, use: desktop },
    {
      name: 'phone',
      testMatch: ON_A_PHONE,
      testIgnore: SAME_EVERYWHERE,
      grepInvert: /@variant/,
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    },
    {
      name: 'no-javascript',
      testIgnore: SAME_EVERYWHERE,
      grepInvert: /@script|@variant/,
      use: { ...desktop, javaScriptEnabled: false },
    },
  ],
})
