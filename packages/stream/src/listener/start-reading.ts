import type { Socket } from 'node:net'

/**
 * Reads a connection that was held back when it was made, so that it is then like any other: net.Socket itself begins
 * with `read(0)`, and `readableFlowing` must be null again for a `data` listener to start the flow.
 */
export const startReading = (socket: Socket): void => {
  ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
  socket.read(0)
}
