import assert from 'node:assert/strict'
import type { Visitor } from './visitor.ts'

/** Maps each series to its value. The key is the name with the labels, as in the text. */
export type Scrape = ReadonlyMap<string, number>

const NAME = '[a-zA-Z_][a-zA-Z0-9_]*'
const LABEL = `${NAME}="(?:[^"\\\\\\n]|\\\\.)*"`
const SAMPLE = new RegExp(`^(${NAME}(?:\\{${LABEL}(?:,${LABEL})*\\})?) (-?[0-9.e+-]+|NaN|[+-]Inf)$`)
const COMMENT = new RegExp(`^# (?:HELP ${NAME} .+|TYPE ${NAME} (?:counter|gauge|histogram|summary))$`)

/** Reads Prometheus's text format. Throws if the text has another format. */
export function readScrape(text: string): Scrape {
  const series = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || COMMENT.test(line)) continue
    const [, name, value] = SAMPLE.exec(line) ?? assert.fail(`this line is not in the text format: ${line}`)
    assert.ok(name && !series.has(name), `twice: ${name}`)
    series.set(name, Number(value))
  }
  return series
}

export async function scrape(visitor: Visitor): Promise<Scrape> {
  const answer = await visitor.get('/metrics')
  assert.equal(answer.status, 200)
  return readScrape(answer.text)
}
