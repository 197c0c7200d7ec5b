/**
 * The error for a start that fails for a reason that the operator can fix. The message says what is wrong and what to
 * do. It is printed without the stack.
 */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}
