/** The server cannot start, for a reason that the operator can fix. Only the message is printed: it says what is wrong and what to do. */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}
