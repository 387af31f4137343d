/** Starting the flow of a net.Socket that was made paused. */
import type { Socket } from 'node:net'

/**
 * Makes a socket of `pauseOnConnect` like any other: net.Socket itself begins with `read(0)`, and `readableFlowing` must
 * be null for a `data` listener to start the flow.
 */
export const startReading = (socket: Socket): void => {
  ;(socket as { readableFlowing: boolean | null }).readableFlowing = null
  socket.read(0)
}
