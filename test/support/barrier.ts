/** Returns a function whose calls all resolve after the call number `count`. */
export function barrier(count: number): () => Promise<void> {
  let here = 0
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    here += 1
    if (here === count) open()
    return opened
  }
}
