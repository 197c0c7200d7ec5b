import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'
import type { MailKind } from '../../db/tables.ts'
import { projectRoot } from '../config/project-root.ts'
import type { Mail } from './mail.ts'

const views = join(projectRoot(), 'views', 'mail')
const text = new Eta({ views, cache: true, autoTrim: false, autoEscape: false })
const html = new Eta({ views, cache: true, autoTrim: false, autoEscape: true })

const style = readFileSync(join(views, 'style.css'), 'utf8').replace(/\s+/g, ' ').trim()
/** With this source in its policy, a page may show a mail in a frame with the mail's colours. It allows no other style. */
export const MAIL_STYLE_SOURCE = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/**
 * Renders `views/mail/<kind>.eta` as plain text and as HTML. The first paragraph is the subject of the mail.
 * Templates write a link with `it.link(address, label)`.
 */
export function renderMail(kind: MailKind, to: string, facts: object): Mail {
  const links: string[] = []
  const render = (eta: Eta, linkTemplate: string) => {
    const link = (address: string, label: string) => {
      if (eta === text) links.push(address)
      return eta.render(linkTemplate, { address, label }).trim()
    }
    const [title = '', ...paragraphs] = eta
      .render(kind, { ...facts, link })
      .trim()
      .split(/\n{2,}/)
    return { title, paragraphs }
  }
  const { title: subject, paragraphs } = render(text, 'text-link')
  return {
    to,
    subject,
    text: `${paragraphs.join('\n\n')}\n`,
    html: html.render('html-layout', { ...render(html, 'html-link'), style }),
    links,
  }
}
