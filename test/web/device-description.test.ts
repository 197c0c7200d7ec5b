import assert from 'node:assert/strict'
import test from 'node:test'
import { describeDevice } from '../../src/web/device-description.ts'

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0'

const KNOWN: [words: string, userAgent: string][] = [
  ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0'],
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'],
  ['Firefox on macOS', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0'],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0'],
  [
    'Firefox on an iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15',
  ],
  ['Chrome on Windows', `${WINDOWS} ${CHROME} Safari/537.36`],
  ['Chrome on macOS', `${MAC} ${CHROME} Safari/537.36`],
  ['Chrome on Android', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`],
  ['Chrome on ChromeOS', `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`],
  ['Chrome on Linux', `Mozilla/5.0 (X11; Linux x86_64) ${CHROME.replace('Chrome', 'HeadlessChrome')} Safari/537.36`],
  [
    'Chrome on an iPad',
    'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1',
  ],
  ['Edge on Windows', `${WINDOWS} ${CHROME} Safari/537.36 Edg/141.0.0.0`],
  ['Edge on Android', `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36 EdgA/141.0.0.0`],
  ['Opera on Windows', `${WINDOWS} ${CHROME} Safari/537.36 OPR/122.0.0.0`],
  ['Vivaldi on macOS', `${MAC} ${CHROME} Safari/537.36 Vivaldi/7.6.3797.55`],
  [
    'Samsung Internet on Android',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
  ],
  ['Safari on macOS', `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15`],
  [
    'Safari on an iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
  ],
  ['An unknown browser on Windows', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)'],
  ['curl', 'curl/8.14.1'],
  ['Wget', 'Wget/1.25.0'],
  ['Postman', 'PostmanRuntime/7.46.1'],
  ['A Python program', 'python-requests/2.32.5'],
  ['A Node.js program', 'node'],
  ['A Go program', 'Go-http-client/1.1'],
]

test('browsers and programs are recognised by their User-Agent', () => {
  for (const [words, userAgent] of KNOWN) assert.equal(describeDevice(userAgent), words, userAgent)
})

test('any other User-Agent is shown as an unknown browser, and none of its text is shown', () => {
  for (const userAgent of [
    null,
    '',
    ' ',
    'Mozilla/5.0',
    '<b>hello</b>',
    'x'.repeat(100_000),
    '\u0000\u202e',
    'toString',
  ])
    assert.equal(describeDevice(userAgent), 'An unknown browser')
  assert.equal(
    describeDevice(`${'x'.repeat(600)} Firefox/1 Windows`),
    'An unknown browser',
    'only the beginning is read',
  )
})
