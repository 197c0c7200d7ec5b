interface Content {
  userName: string
  privileges: string[]
  visits: number
  items: { id: number; title: string; price: number }[]
}

/** Returns what a session contains after the login: about `bytes` bytes of JSON. */
export function contentOf({ name, bytes }: { name: string; bytes: number | string }): Content {
  const content: Content = { userName: name, privileges: ['viewCustomers'], visits: 1, items: [] }
  let size = JSON.stringify(content).length
  for (let id = 1; ; id++) {
    const item = { id, title: `Item ${id}`, price: 100 + id }
    size += JSON.stringify(item).length + 1
    if (size > Number(bytes)) return content
    content.items.push(item)
  }
}

/** The part of a session that the answers show. A new visitor's session may have none of it. */
export interface Shown {
  userName?: string
  visits?: number
  items?: { length: number }
}

/** Returns the body of an answer. */
export function shownOf({ userName = '', visits = 0, items = [] }: Shown): string {
  return JSON.stringify({ userName, visits, items: items.length })
}
