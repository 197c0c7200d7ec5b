import assert from 'node:assert/strict'
import test from 'node:test'
import { maskSecrets } from '../../src/web/mask-secrets.ts'

const TOKEN = '2E5D0D57751D471DB29FD110D2DCE253'
const SECRET = 'k3_Zt8mQ-4vWb1XyN0oRrE7uHc5LgSa9dPjFq2iTwBM'

test('[MASK-5] secrets are masked in every part of a text, however they are spelt', () => {
  for (const [url, masked] of [
    [`/validateEmail?$4DSID=${TOKEN}`, '/validateEmail?$4DSID=***'],
    [`/x?%244DSID=${TOKEN}&a=1`, '/x?%244DSID=***&a=1'],
    [`/x?%24%34%44SID=${TOKEN}`, '/x?%24%34%44SID=***'],
    [`/x?%25244dsid=${TOKEN}`, '/x?%25244dsid=***'],
    ['/x?a=1&state=secret&b=2', '/x?a=1&state=***&b=2'],
    ['/x?STATE=secret', '/x?STATE=***'],
    [`/rest?$params='["${TOKEN}"]'`, '/rest?$params=***'],
    [`/rest?%24params=%27%5B%22${TOKEN}%22%5D%27`, '/rest?%24params=***'],
    ['/authenticate.shtml?userId=4&password=crm-demo', '/authenticate.shtml?userId=4&password=***'],
    [`/x?other=${TOKEN}`, '/x?other=***'],
    [`/x?a=1?$4DSID=${TOKEN}`, '/x?a=1?$4DSID=***'],
    ['/x?%E0%A4%A=1', '/x?%E0%A4%A=1'],
    [`/admin/sessions/${TOKEN}`, '/admin/sessions/***'],
    [`/api/me/crm_${TOKEN}.${SECRET}`, '/api/me/***'],
    [`/api/crm_${TOKEN}%2E${SECRET}/x`, '/api/***/x'],
    [`/api/crm_${TOKEN}.%${SECRET.charCodeAt(0).toString(16)}${SECRET.slice(1)}`, '/api/***'],
    [`/api/${SECRET}`, '/api/***'],
    [`/x?crm_${TOKEN}.${SECRET}`, '/x?***'],
    [`/x?a=crm_${TOKEN}.${SECRET}&b=${TOKEN}.${SECRET}&c=${SECRET}`, '/x?a=***&b=***&c=***'],
    [`/x?a=%${SECRET.charCodeAt(0).toString(16)}${SECRET.slice(1)}`, '/x?***'],
    [`/validateEmail%3F$4DSID=${TOKEN}`, '/validateEmail%3F$4DSID=***'],
    [`/validateEmail%253f%244DSID=${TOKEN}`, '/validateEmail%253f%244DSID=***'],
    [`/x?%${'25'.repeat(7000)}24=1`, '/x?***=***'],
    [`/x/${TOKEN.toLowerCase()}z`, '/x/***z'],
    [`/x?a=%ZZ%${SECRET.charCodeAt(0).toString(16)}${SECRET.slice(1)}`, '/x?***'],
    [`/x?a=y${SECRET}`, '/x?a=***'],
    ['/x?q=a%26password%3Dplum', '/x?***'],
    ['/x?q=1;newPassword=plum', '/x?q=1;newPassword=***'],
    ['/x?once=5577a340-d552-4c4f-9ae1-abf823e3b43d', '/x?once=***'],
    ['/5577a340-d552-4c4f-9ae1-abf823e3b43d', '/***'],
    [`Agent/1.0 (+http://x/?$4DSID=${TOKEN}) ${SECRET}`, 'Agent/1.0 (+http://x/?$4DSID=*** ***'],
    ['{"password":"plum"}', '{"password":***'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0)', 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0)'],
    ['/customers?q=state', '/customers?q=state'],
    ['/x?', '/x?'],
  ] as const)
    assert.equal(maskSecrets(url), masked)
})
