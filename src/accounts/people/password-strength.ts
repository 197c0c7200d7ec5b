import { type MatchExtended, ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import { foldName } from '../../../db/fold-name.ts'

export interface OwnWords {
  /** Words of the application. */
  application: readonly string[]
  /** The user's names and e-mail address. */
  user: readonly string[]
}

export type Weakness = 'common' | 'user' | 'application' | 'repeated' | 'sequence' | 'guessable'

// Scores are 0 to 4. The score 3 means that an attacker needs at least a hundred million guesses.
const LOWEST_SCORE = 3
// Without the user's and the application's words, the rest of the password must need a million guesses or more.
const LOWEST_SCORE_OF_REST = 2
// Shorter words of the user or the application are ignored, because many other words contain them.
const SHORTEST_WORD = 3

const estimator = new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs })

/** Returns why a password is easy to guess. The module loads lists of common passwords, so only the worker imports it. */
export function weaknessOf(password: string, { application, user }: OwnWords): Weakness | undefined {
  const words = { application: partsOf(application), user: partsOf(user) }
  const all = [...words.user, ...words.application]
  const { score, sequence } = estimator.check(password, all)
  if (score < LOWEST_SCORE) return weaknessOfMatch(longest(sequence), words.application)
  const folded = foldName(password)
  const contained = all.filter((word) => folded.includes(word)).sort((one, other) => other.length - one.length)
  const rest = contained.reduce((text, word) => text.replaceAll(word, ' '), folded).replace(/[^\p{L}\p{N}]+/gu, '')
  if (contained.length === 0 || estimator.check(rest).score >= LOWEST_SCORE_OF_REST) return undefined
  return contained.every((word) => words.application.includes(word)) ? 'application' : 'user'
}

/** Splits names and addresses into words. The whole text is a word, too. */
function partsOf(texts: readonly string[]): string[] {
  const folded = texts.map(foldName)
  const parts = [...folded, ...folded.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u))]
  return [...new Set(parts)].filter((part) => part.length >= SHORTEST_WORD)
}

function longest(sequence: readonly MatchExtended[]): MatchExtended | undefined {
  return [...sequence].sort((one, other) => other.token.length - one.token.length)[0]
}

function weaknessOfMatch(match: MatchExtended | undefined, applicationWords: readonly string[]): Weakness {
  if (match?.pattern === 'repeat') return 'repeated'
  if (match?.pattern === 'sequence' || match?.pattern === 'spatial') return 'sequence'
  if (match?.pattern !== 'dictionary') return 'guessable'
  if (!('dictionaryName' in match) || match.dictionaryName !== 'userInputs') return 'common'
  return applicationWords.includes(foldName(String(match.matchedWord))) ? 'application' : 'user'
}
