import type { IncomingMessage } from 'node:http'

/** The pages that the examples have in common. */
export const pages = {
  home: ({ userName, storage }: { userName: string; storage: { count?: number } }) => `
    <p>${escapeHtml(userName || 'A guest')} counted to <b>${storage.count ?? 0}</b>.</p>
    <form method="post" action="/count"><button>Count</button></form>
    <p><a href="/account">Account</a></p>`,
  account: ({ userName }: { userName: string }) => `
    <p>This is the account of ${escapeHtml(userName)}.</p>
    <form method="post" action="/logout"><button>Log out</button></form>`,
  login: (next: string) => `
    <form method="post" action="/login">
      <input name="userName" placeholder="Name" required>
      <input name="password" type="password" placeholder="demo" required>
      <input name="next" type="hidden" value="${escapeHtml(next)}"> <button>Log in</button>
    </form>`,
}

export interface LoginForm {
  userName?: string
  password?: string
  next?: string
}

/** Returns the user that a login form names. In your application, compare the password with a hash. */
export function userOf({ userName, password }: LoginForm) {
  return userName && password === 'demo' ? { userId: userName.toLowerCase(), userName } : undefined
}

export async function readForm(req: IncomingMessage): Promise<LoginForm> {
  let text = ''
  for await (const chunk of req) {
    text += chunk
    if (text.length > 10_000) throw Object.assign(new Error('The form is too long.'), { status: 413, expose: true })
  }
  return Object.fromEntries(new URLSearchParams(text))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
