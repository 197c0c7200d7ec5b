/** An error that the operator can fix. The message says what to do, and is printed without the stack. */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}
