import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import type { MailKind } from '../../db/tables.ts'
import { MAIL_STYLE_SOURCE, renderMail } from '../../src/mail/render-mail.ts'

const FACTS = {
  appName: 'CRM',
  origin: 'https://crm.example.org',
  email: "o'hara@example.com",
  at: '5 January 2026 at 09:00 UTC',
  device: '<b>curl</b>',
  address: '192.0.2.1',
  validate: 'https://crm.example.org/validateEmail?$4DSID=A',
  notMe: 'https://crm.example.org/signup/not-me?$4DSID=B',
  confirm: 'https://crm.example.org/account/email/confirm?$4DSID=C',
  reset: 'https://crm.example.org/password/new?token=D',
  loginName: '4',
  until: '10:00 UTC',
}

const KINDS: Record<MailKind, number> = {
  validate: 2,
  taken: 1,
  'email-link': 1,
  'email-taken': 1,
  'email-changed': 0,
  'password-changed': 1,
  'new-device': 2,
  'copied-cookie': 2,
  'password-reset': 1,
  locked: 2,
}

test('the text part and the HTML part of a mail have the same content and the same links', () => {
  for (const [kind, count] of Object.entries(KINDS) as [MailKind, number][]) {
    const { to, subject, text, html, links } = renderMail(kind, 'ana@example.com', FACTS)
    assert.equal(to, 'ana@example.com')
    assert.equal(links.length, count, kind)
    assert.match(subject, /^[^\n]+ CRM/)
    assert.doesNotMatch(text + html, /undefined|\n{3}|&amp;amp;/, kind)
    for (const link of links) {
      assert.ok(text.includes(`:\n${link}\n`), kind)
      assert.ok(html.includes(`<a href="${link.replaceAll('&', '&amp;')}"`), kind)
    }
    const plain = html
      .replace(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g, '$2:\n$1')
      .replace(/[\s\S]*<\/h1>/, '')
      .replace(/<\/p>\n<p>/g, '\n\n')
      .replace(/<[^>]+>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
    assert.equal(plain.trim(), text.trim())
  }
})

test('a value that looks like markup is escaped in the HTML part of a mail', () => {
  const { text, html } = renderMail('password-changed', 'ana@example.com', FACTS)
  assert.ok(text.includes('(<b>curl</b>)'))
  assert.ok(html.includes('(&lt;b&gt;curl&lt;/b&gt;)'))
})

test('[PAGE-16] the HTML of a mail has a layout without its style sheet, and loads nothing', () => {
  const { html } = renderMail('validate', 'ana@example.com', FACTS)
  assert.match(html, /bgcolor="#ffffff"[\s\S]*<font face=[\s\S]*<h1>/)
  assert.doesNotMatch(html, /style=|<img|<link|url\(|@import/)
})

test('[PAGE-16] the style sheet of a mail has light and dark colours, and the mailbox allows only this style sheet', () => {
  const { html } = renderMail('validate', 'ana@example.com', FACTS)
  const [, style = ''] = html.match(/<style>([^<]*)<\/style>/) ?? []
  assert.match(style, /background: #ffffff[\s\S]*prefers-color-scheme: dark[\s\S]*background: #192128/)
  assert.equal(MAIL_STYLE_SOURCE, `'sha256-${createHash('sha256').update(style).digest('base64')}'`)
})
