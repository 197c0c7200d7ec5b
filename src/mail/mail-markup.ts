import type { Mail } from './mail.ts'

/** A paragraph of a mail: words, or a link that stands alone. */
export type Paragraph = string | { link: string; label: string }

/** A mail of a few paragraphs, as plain text and as HTML; its links are in it in their order. */
export function mailOf(to: string, subject: string, paragraphs: readonly Paragraph[]): Mail {
  const text = paragraphs.map((paragraph) =>
    typeof paragraph === 'string' ? paragraph : `${paragraph.label}:\n${paragraph.link}`,
  )
  const html = paragraphs.map((paragraph) =>
    typeof paragraph === 'string' ? escapeHtml(paragraph) : `<b>${anchor(paragraph.link, paragraph.label)}</b>`,
  )
  return {
    to,
    subject,
    text: `${text.join('\n\n')}\n`,
    html: htmlMail(subject, html),
    links: paragraphs.flatMap((paragraph) => (typeof paragraph === 'string' ? [] : [paragraph.link])),
  }
}

/** Plain markup without styles: it looks the same everywhere, and no page's security policy has to give way for it. */
export function htmlMail(title: string, paragraphs: readonly string[]): string {
  const body = [`<h2>${escapeHtml(title)}</h2>`, ...paragraphs.map((text) => `<p>${text}</p>`)].join('\n')
  return `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>\n<body>\n${body}\n</body>\n</html>\n`
}

export function anchor(href: string, label: string): string {
  return `<a href="${escapeHtml(href)}" target="_blank" rel="noopener">${escapeHtml(label)}</a>`
}

export function strong(text: string): string {
  return `<strong>${escapeHtml(text)}</strong>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
