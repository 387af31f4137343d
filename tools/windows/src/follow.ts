import { open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const POLL_MS = 100

/**
 * Passes on what is written to a file, until `ended` resolves and the end of the file is reached. A process under
 * Wine cannot write to a pipe of Unix, only to a file.
 */
export const follow = async (
  file: string,
  ended: Promise<unknown>,
  write: (data: Uint8Array) => void,
): Promise<void> => {
  let over = false
  const end = ended.then(
    () => (over = true),
    () => (over = true),
  )
  const handle = await open(file, 'r')
  try {
    for (;;) {
      const last = over
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536))
      if (bytesRead > 0) write(buffer.subarray(0, bytesRead))
      else if (last) return
      else await Promise.race([end, wait(POLL_MS)])
    }
  } finally {
    await handle.close()
  }
}
