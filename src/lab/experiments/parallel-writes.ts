import type { Experiment } from '../experiment.ts'

const WRITES = 20

export const parallelWrites: Experiment = {
  name: 'parallel-writes',
  title: 'Twenty parallel writes',
  question: 'A browser sends twenty requests at once, and each adds a note to the session. How many notes are kept?',
  steps: [
    'Ana logs in.',
    'Her browser sends twenty requests at once. Each request adds one note.',
    'All requests have read the session before the first request writes.',
    'The browser opens the page and counts the notes.',
  ],
  expected: `The session has ${WRITES} notes.`,
  usualWay: 'koa-session reads the session before the handler, and saves the whole session after the handler.',
  promise: 'STORAGE-4',
  test: 'test/session/core/storage.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    await ana.post('/login?user=ana')
    const notes = Array.from({ length: WRITES }, (_, index) => `note-${index + 1}`)
    await stage.overlap((hold) => notes.map((note) => ana.post(`/save?note=${note}&hold=${hold}`)))
    const page = await ana.get('/page')
    const kept = notes.filter((note) => page.notes.includes(note)).length
    return {
      holds: kept === WRITES,
      actual: `The session has ${kept} of ${WRITES} notes.`,
    }
  },
}
