/** What a trial needs of the machine. */
import { spawnSync } from 'node:child_process'

/** strace, and the right to use it (containers may forbid ptrace(2)). */
export const straceIsMissing = (): string | undefined => {
  const { error, status } = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
  if (error !== undefined) return 'strace is not installed (apt-get install strace)'
  return status === 0 ? undefined : 'strace may not trace here'
}

export const rootIsMissing = (): string | undefined =>
  process.geteuid?.() === 0 ? undefined : 'it takes root'
