import { spawnSync } from 'node:child_process'

/** Runs git in the folder. Returns the output, or `undefined` if git fails or does not exist. */
export function git(folder: string, args: readonly string[], env: Record<string, string> = {}): string | undefined {
  // Git sets these variables for hooks. They would point to the repository of the hook.
  const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')))
  const { status, stdout } = spawnSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...outer, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? stdout : undefined
}

export function linesOf(output: string | undefined): string[] {
  return (output ?? '').split('\n').filter((line) => line !== '')
}
