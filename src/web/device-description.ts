// The first match counts. Derived browsers come first, because their User-Agent also names the original browser.
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|OPT|OPX|Opera)\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:DuckDuckGo|Ddg)\//, 'DuckDuckGo'],
  [/\b(?:Firefox|FxiOS|Focus)\//, 'Firefox'],
  [/\bGSA\//, 'the Google app'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

// A program that is not a browser begins its User-Agent with its own name.
const PROGRAMS: readonly [RegExp, string][] = [
  [/^curl\//i, 'curl'],
  [/^wget\//i, 'Wget'],
  [/^postmanruntime\//i, 'Postman'],
  [/^insomnia\//i, 'Insomnia'],
  [/^httpie\//i, 'HTTPie'],
  [/^python-(?:requests|httpx|urllib)\b/i, 'a Python program'],
  [/^(?:node|undici|axios\/|got)\b/i, 'a Node.js program'],
  [/^go-http-client\//i, 'a Go program'],
  [/^(?:java\/|okhttp\/|apache-httpclient\/)/i, 'a Java program'],
]

const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b|\biPod\b/, 'an iPhone'],
  [/\biPad\b/, 'an iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b|\bMac OS X\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
]

const LONGEST = 500

/** Returns, for example, "Firefox on Windows". Clients can send any User-Agent, so never trust the result. */
export function describeDevice(userAgent: string | null): string {
  const text = userAgent?.slice(0, LONGEST) ?? ''
  const program = nameIn(PROGRAMS, text)
  const browser = nameIn(BROWSERS, text) ?? 'an unknown browser'
  const system = nameIn(SYSTEMS, text)
  return sentenceCase(program ?? (system === undefined ? browser : `${browser} on ${system}`))
}

function nameIn(names: readonly [RegExp, string][], text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1]
}

/** Capitalizes the article in "an unknown browser". Other names, such as "curl", are unchanged. */
function sentenceCase(name: string): string {
  return /^(?:an?|the) /.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : name
}
