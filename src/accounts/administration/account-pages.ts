import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { type Flash, redirectWithFlash } from '../../crm-session/flash.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { type Choice, choices, readParameter, writeAddress } from '../../web/query-parameters.ts'
import { originOf } from '../../web/request-origin.ts'
import {
  type AccountChangeParts,
  type ChangedBy,
  changeRole,
  disableAccount,
  enableAccount,
  ROLES,
} from '../people/account-changes.ts'
import { findAccount, type ListedAccount, listAccounts } from '../people/account-list.ts'
import { AccountError } from '../people/salespersons.ts'
import type { UsageLimit } from '../people/usage-limit.ts'

const PATH = '/admin/accounts'
const PAGE_SIZE = 50

const NOTICES = {
  'account-disabled': 'The account is disabled, and all its sessions, tokens and links have ended.',
  'account-enabled': 'The account is enabled. The user can log in again.',
  'role-changed': 'The role is changed, and all sessions, tokens and links of the user have ended.',
} satisfies Partial<Record<Flash, string>>

type Done = keyof typeof NOTICES

interface AccountsPage extends PageModel {
  search: string
  accounts: (ListedAccount & { href: string })[]
  first: string | undefined
  next: string | undefined
}

interface AccountPage extends PageModel {
  notice: string
  account: ListedAccount
  isOwn: boolean
  /** Undefined for a customer. */
  roles: Choice[] | undefined
  sessions: string
}

/** The pages at `/admin/accounts`, on which administrators disable and enable accounts and change roles. */
export function accountPages(parts: AccountChangeParts & { usageLimit: Pick<UsageLimit, 'countSearch'> }) {
  const { database, usageLimit } = parts

  const action = (
    done: Done,
    change: (userId: string, by: ChangedBy, body: Record<string, unknown>) => Promise<void>,
  ) =>
    async function act(ctx: Context) {
      const { userId } = await existing(ctx)
      const { session, userId: ownId } = signedIn(ctx)
      if (userId === ownId)
        throw new Problem(409, 'This is your own account, so nothing was done. Ask another administrator to change it.')
      const by = { ...originOf(ctx), byUserId: ownId, byUserName: session.userName }
      await change(userId, by, Object(ctx.request.body)).catch((error) => {
        throw error instanceof AccountError ? new Problem(409, error.message) : error
      })
      await redirectWithFlash(ctx, hrefOf(userId), done)
    }

  return {
    async list(ctx: Context) {
      const search = readParameter(ctx.query, 'search')
      if (search !== '') await usageLimit.countSearch(signedIn(ctx).userId)
      const after = readParameter(ctx.query, 'after') || undefined
      const { accounts, next } = await listAccounts(database, { search, after, size: PAGE_SIZE })
      ctx.show<AccountsPage>('admin/accounts', {
        title: 'Accounts',
        search,
        accounts: accounts.map((account) => ({ ...account, href: hrefOf(account.userId) })),
        first: after && writeAddress(PATH, { search }),
        next: next && writeAddress(PATH, { search, after: next }),
      })
    },

    async show(ctx: Context) {
      const account = await existing(ctx)
      const { session, userId } = signedIn(ctx)
      const done = (await session.takeFlash(Object.keys(NOTICES) as Done[])).at(-1)
      ctx.show<AccountPage>('admin/account', {
        title: `Account of ${account.userName}`,
        notice: done ? NOTICES[done] : '',
        account,
        isOwn: account.userId === userId,
        roles:
          account.role === 'customer'
            ? undefined
            : choices(
                ROLES.map((role) => [role, role]),
                account.role,
              ),
        sessions: writeAddress('/admin/sessions', { user: account.userId }),
      })
    },

    disable: action('account-disabled', (userId, by) => disableAccount(parts, userId, by)),
    enable: action('account-enabled', (userId, by) => enableAccount(parts, userId, by)),
    changeRole: action('role-changed', (userId, by, { role }) => changeRole(parts, userId, String(role), by)),
  }

  async function existing(ctx: Context): Promise<ListedAccount> {
    const account = await findAccount(database, String(ctx.params.userId))
    if (account === undefined) throw new Problem(404, 'There is no account with this userId.')
    return account
  }
}

function hrefOf(userId: string): string {
  return `${PATH}/${encodeURIComponent(userId)}`
}
