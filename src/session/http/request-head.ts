/** The head of an HTTP request. Each framework adapter builds one. */
export interface RequestHead {
  readonly method: string
  /** The path and the query. */
  readonly url: string
  /** The value of the header `Host` (in HTTP/2, of `:authority`). */
  readonly host: string | undefined
  /** The client's IP address. */
  readonly address: string | null
  /** Whether the connection to this process uses TLS. Used only for a warning. */
  readonly encrypted: boolean
  /** The other end of this connection: the client or a proxy. Undefined if unknown. Used only for a warning. */
  readonly peerAddress: string | undefined
  /** Returns the first value of a header, or undefined if the header is absent. `name` is in lower case. */
  header(name: string): string | undefined
}
