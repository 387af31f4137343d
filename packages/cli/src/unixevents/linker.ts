/** A Linker for the commands that take --unixevents. */
import type { Linker } from '@uds/events'
import { CommandFailure } from '../exit/failure.ts'
import { FAILED } from '../exit/exit-codes.ts'

/** Options of these commands. */
export interface UnixeventsFlags {
  readonly unixevents?: boolean
  readonly directory?: string
  readonly timeout: number
}

/** The last error of a Linker, whose methods return false, as an exception. */
export const linkerFailure = (linker: Linker, otherwise: string): CommandFailure =>
  new CommandFailure(FAILED, linker.lastError?.message ?? otherwise)

/** Connects to a channel, calls `use`, and closes when all that was sent is written. */
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
