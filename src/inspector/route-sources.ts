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
const DECLARING = /\/src\/(app\/declared-routes|inspector\/[\w-]+)\.ts/

/** Knows where the routes and their handlers are written. */
export class RouteSources {
  readonly #routes = new Map<string, { declaredAt: string; handler: Handler | undefined }>()
  #places: Map<Handler, string> | undefined

  /** Called while a route is declared, so that the stack shows the declaration. */
  note(method: string, path: string, handler: Handler | undefined): void {
    const frame = new Error('the declaration').stack?.split('\n').find((line) => isDeclaration(line)) ?? ''
    const declaredAt = /src\/\S+\.ts:\d+/.exec(frame.slice(frame.indexOf(ROOT) + ROOT.length))?.[0] ?? ''
    this.#routes.set(`${method.toUpperCase()} ${path}`, { declaredAt, handler })
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
  return line.includes(ROOT) && !DECLARING.test(line)
}
