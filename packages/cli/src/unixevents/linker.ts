import type { Linker } from '@uds/events'
import { Failure } from '../exit/failure.ts'
import { FAILED } from '../terminal/terminal.ts'

/** The options of the commands that speak with channels of unixevents. */
export interface UnixeventsFlags {
  readonly unixevents?: boolean
  readonly directory?: string
  readonly timeout: number
}

/** What a Linker says that went wrong, as an error: its methods tell by false. */
export const linkerFailure = (linker: Linker, otherwise: string): Failure =>
  new Failure(FAILED, linker.lastError?.message ?? otherwise)

/** Connects to a channel of unixevents, uses it, and leaves it when what was sent has been written. */
export const withLinker = async (
  channel: string,
  { directory, timeout }: UnixeventsFlags,
  use: (linker: Linker) => Promise<void>,
  prepare: (linker: Linker) => void = () => {},
): Promise<void> => {
  const { Linker } = await import('@uds/events')
  const linker = new Linker({ timeoutMs: timeout, directory })
  prepare(linker)
  try {
    if (!(await linker.init('client', channel)))
      throw linkerFailure(linker, `no server of the channel ${channel}`)
    await use(linker)
  } finally {
    await linker.close()
  }
}
