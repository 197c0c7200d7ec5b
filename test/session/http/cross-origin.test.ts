import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crossOrigin, crossOriginCheck } from '../../../src/session/http/cross-origin.ts'

type Headers = Record<string, string>

const OWN = 'https://shop.example'
const CHANGES: [headers: Headers, result: 'change' | undefined][] = [
  [{ 'sec-fetch-site': 'same-origin', origin: OWN }, undefined],
  [{ 'sec-fetch-site': 'none' }, undefined],
  [{ 'sec-fetch-site': 'same-site', origin: OWN }, 'change'],
  [{ 'sec-fetch-site': 'cross-site' }, 'change'],
  [{ 'sec-fetch-site': 'same-origin, cross-site' }, 'change'],
  [{ 'sec-fetch-site': 'unknown' }, 'change'],
  [{ origin: OWN, cookie: 'a=b' }, undefined],
  [{ origin: 'https://other.example' }, 'change'],
  [{ origin: `${OWN}.other.example` }, 'change'],
  [{ origin: 'null' }, 'change'],
  [{ cookie: 'a=b' }, 'change'],
  [{ authorization: 'Bearer x' }, undefined],
]

test('[ADAPT-7] a change is of another origin unless Sec-Fetch-Site or Origin says otherwise, or there is no cookie', () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    for (const [headers, result] of CHANGES) {
      const found = crossOrigin({ method, header: (name) => headers[name] }, (origin) => origin === OWN)
      assert.equal(found, result, `${method} ${JSON.stringify(headers)}`)
    }
})

test('[ADAPT-7] another site may link to a page, and may not embed or read it', () => {
  const found = (headers: Headers) => crossOrigin({ method: 'GET', header: (name) => headers[name] }, () => false)
  for (const site of ['cross-site', 'same-site']) {
    assert.equal(found({ 'sec-fetch-site': site, 'sec-fetch-dest': 'document' }), undefined)
    for (const destination of ['iframe', 'image', 'script', 'empty'])
      assert.equal(found({ 'sec-fetch-site': site, 'sec-fetch-dest': destination }), 'embedding')
  }
  for (const headers of [{}, { origin: 'https://other.example' }, { 'sec-fetch-site': 'same-origin' }] as Headers[])
    assert.equal(found(headers), undefined)
})

test('[COOKIE-15] with allowFrames, another site may show a page in a frame, and still may not read it or send a form', () => {
  const allows = (method: string, destination: string, options = {}) => {
    const header = (name: string) => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': destination })[name]
    try {
      crossOriginCheck('guard()', options)({ method, host: 'shop.example', header })
      return true
    } catch {
      return false
    }
  }
  for (const destination of ['iframe', 'frame']) {
    assert.deepEqual([allows('GET', destination), allows('GET', destination, { allowFrames: true })], [false, true])
    assert.equal(allows('POST', destination, { allowFrames: true }), false)
  }
  for (const destination of ['embed', 'object', 'image', 'script', 'empty', ''])
    assert.equal(allows('GET', destination, { allowFrames: true }), false, destination)
  assert.throws(
    () => crossOriginCheck('guard()', { allowFrames: 'yes' as never }),
    /guard\(\): allowFrames: true or false/,
  )
})

test('[ADAPT-7] the own origins are those of the option, or the origin with the host of the request', () => {
  const refuses = (origin: string, host: string | undefined, options = {}) => {
    const header = (name: string) => ({ origin, cookie: 'a=b' })[name]
    try {
      crossOriginCheck('guard()', options)({ method: 'POST', host, header })
      return false
    } catch (error) {
      const { code, status } = error as { code?: string; status?: number }
      assert.deepEqual([code, status], ['CROSS_ORIGIN', 403])
      return true
    }
  }
  const origins = [OWN, 'http://localhost:3000']
  assert.deepEqual([refuses(OWN, 'shop.example'), refuses(OWN, 'shop.example:8443')], [false, true])
  assert.deepEqual([refuses('null', undefined), refuses('null', 'shop.example')], [true, true])
  assert.deepEqual(
    [refuses(OWN, '10.0.0.1', { origins }), refuses('http://localhost:3000', 'x', { origins })],
    [false, false],
  )
  assert.deepEqual([refuses('http://shop.example', 'shop.example', { origins })], [true])
})

test('[ADAPT-7] the pages of listed origins may send requests to each other, and the pages of all other origins may not', () => {
  const check = crossOriginCheck('guard()', { origins: [OWN, 'https://live.shop.example'] })
  for (const method of ['GET', 'POST'])
    for (const site of ['same-site', 'cross-site']) {
      const send = (origin: string) => {
        const headers: Headers = { origin, 'sec-fetch-site': site, 'sec-fetch-dest': 'empty', cookie: 'a=b' }
        check({ method, host: 'live.shop.example', header: (name) => headers[name] })
      }
      assert.doesNotThrow(() => send(OWN), `${method} ${site}`)
      for (const origin of ['https://other.shop.example', 'http://shop.example', 'null', ''])
        assert.throws(() => send(origin), { code: 'CROSS_ORIGIN' }, `${method} ${site} ${origin}`)
    }
})

test('[ADAPT-7] an origin with a path, a host without a scheme and an unknown option are refused at mount time', () => {
  for (const origins of [[`${OWN}/`], ['shop.example'], [undefined], ['HTTPS://shop.example']])
    assert.throws(() => crossOriginCheck('guard()', { origins: origins as string[] }), /guard\(\): origins is a list/)
  assert.throws(() => crossOriginCheck('guard()', { origin: OWN } as never), TypeError)
})
