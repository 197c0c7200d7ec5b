import { pathToFileURL } from 'node:url'
import { projectRoot } from '../config/project-root.ts'
import { locateFunctions } from './function-locations.ts'

interface RouteSource {
  /** The file and line that declares the route, such as `src/app/routes.ts:70`. */
  declaredAt: string
  /** The name of the handler. '' for a function without a name. */
  handler: string
  handlerAt: string
}

type Handler = (...args: never[]) => unknown

const ROOT = `${pathToFileURL(projectRoot())}/`
// The functions in these files call `note`, and do not declare a route themselves.
const BETWEEN = ['/src/app/declared-routes.ts', '/src/inspector/']

/** Knows where the routes and their handlers are written. */
export class RouteSources {
  readonly #routes = new Map<string, { declaredAt: string; handler: Handler | undefined }>()
  #places: Map<Handler, string> | undefined

  /** Called while a route is declared, so that the stack shows the declaration. */
  note(method: string, path: string, handler: Handler | undefined): void {
    const frame = new Error('the declaration').stack?.split('\n').find((line) => isDeclaration(line)) ?? ''
    // A line of the stack ends in the file, the line and the column.
    const [file = '', line = ''] = frame.slice(frame.indexOf(ROOT) + ROOT.length).split(':')
    this.#routes.set(`${method.toUpperCase()} ${path}`, { declaredAt: `${file}:${line}`, handler })
    this.#places = undefined
  }

  /** Returns `undefined` for a request that no route has handled. */
  find(method: string, path: string): RouteSource | undefined {
    const route = this.#routes.get(`${method === 'HEAD' ? 'GET' : method} ${path}`)
    if (route === undefined) return undefined
    // Asking the JavaScript engine takes some milliseconds, so it is asked once, for all handlers.
    this.#places ??= locateFunctions([...this.#routes.values()].flatMap(({ handler }) => handler ?? []))
    const { declaredAt, handler } = route
    const handlerAt = handler && this.#places.get(handler)?.replace(ROOT, '')
    return { declaredAt, handler: handler?.name ?? '', handlerAt: handlerAt ?? '' }
  }
}

function isDeclaration(line: string): boolean {
  return line.includes(ROOT) && !BETWEEN.some((file) => line.includes(file))
}
