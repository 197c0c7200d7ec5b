/**
 * The server cannot start, for a reason that the person at the keyboard can mend.
 * The message is printed alone, without a stack, so it says what is wrong and what to do.
 */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}
