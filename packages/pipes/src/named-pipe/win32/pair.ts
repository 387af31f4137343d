/** makePair: both ends of a new byte pipe. */
import { closeHandle } from './close-handle.ts'
import { createFirst, openPipe } from './create.ts'
import { sddlOf } from './security.ts'

/** The two ends, the client's and the server's, of a byte pipe of a name that nobody can guess. */
export const makePair = (): [client: number, server: number] => {
  const name = `\\\\.\\pipe\\${crypto.randomUUID()}`
  const settings = { name, message: false, bufferSize: 65_536, sddl: sddlOf('current-user') }
  const server = createFirst(settings, true)
  try {
    return [openPipe(name).handle, server]
  } catch (error) {
    closeHandle(server)
    throw error
  }
}
