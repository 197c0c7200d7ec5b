// A reporter for node:test. It writes each finding as one line of JSON.

export default async function* gateReporter(events) {
  for await (const { type, data } of events) {
    const finding = examine(type, data)
    if (finding) yield `${JSON.stringify(finding)}\n`
  }
}

function examine(type, data) {
  if (type === 'test:stderr') return { kind: 'noise', text: data.message, file: data.file }
  if (type !== 'test:pass' && type !== 'test:fail') return undefined

  const { name, file } = data
  if (isTestFile(name)) return { kind: type === 'test:fail' ? 'broken-file' : 'empty-file', name }
  if (data.skip !== undefined) return { kind: 'skipped', name, file }
  if (data.todo !== undefined) return { kind: 'todo', name, file }
  if (type === 'test:fail') return { kind: 'failed', name, file }
  return data.details?.type === 'suite' ? undefined : { kind: 'passed', name, file }
}

// node:test reports a file as a test if the file ran no test, or if code outside of its tests failed.
function isTestFile(name) {
  return /^(\/|[A-Za-z]:\\).*\.test\.(mjs|ts)$/.test(name)
}
