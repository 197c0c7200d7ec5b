import { contentOf } from './content.ts'

/** The pages of the libraries whose session is a plain object. The library stores what a page changes. */
export const pages = {
  '/login': (session, query) => {
    Object.assign(session, contentOf(query))
  },
  '/read': (session) => {
    if (!session.privileges.includes('viewCustomers')) throw new Error('This user has no such privilege.')
  },
  '/write': (session) => {
    session.visits++
  },
  // These libraries store a new session only if it contains data.
  '/visit': (session) => {
    session.visits = 0
  },
}
