import { Session } from 'node:inspector'

type AnyFunction = (...args: never[]) => unknown

interface Property {
  name: string
  value?: { objectId?: string; value?: { scriptId: string; lineNumber: number } }
}

// The debugger finds a function by an expression, so the functions are properties of the global object meanwhile.
const PLACE = 'crmLocatedFunctions'

/** Asks the debugger of V8 where functions are written. Returns texts such as `file:///crm/src/app/routes.ts:70`. */
export function locateFunctions<F extends AnyFunction>(functions: readonly F[]): Map<F, string> {
  const session = new Session()
  const files = new Map<string, string>()
  const found = new Map<F, string>()
  session.connect()
  try {
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url))
    session.post('Debugger.enable')
    Object.assign(globalThis, { [PLACE]: functions })
    for (const [index, one] of functions.entries()) {
      const location = locationOf(session, `${PLACE}[${index}]`)
      const file = location && files.get(location.scriptId)
      if (location && file) found.set(one, `${file}:${location.lineNumber + 1}`)
    }
  } finally {
    Reflect.deleteProperty(globalThis, PLACE)
    session.disconnect()
  }
  return found
}

/** The session is connected to this thread, so it answers before `post` returns. */
function locationOf(session: Session, expression: string): { scriptId: string; lineNumber: number } | undefined {
  let location: { scriptId: string; lineNumber: number } | undefined
  session.post('Runtime.evaluate', { expression }, (_, evaluated) => {
    const { objectId } = evaluated?.result ?? {}
    if (objectId === undefined) return
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, answer) => {
      const internal = (answer?.internalProperties ?? []) as Property[]
      location = internal.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value
    })
  })
  return location
}
