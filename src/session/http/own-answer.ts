/** A response that the layer sends itself, instead of the application. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** With another status, a browser could show the prefetched page instead of opening the link. */
export const PREFETCHED_LINK: OwnAnswer = { status: 503, headers: {}, body: '' }

/**
 * The page that reloads itself. The reload is a request of this site, so the browser proves its key before (see
 * `docs/device-binding.md`).
 */
export const RELOADING_PAGE: OwnAnswer = {
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>Loading</title></html>\n',
}
