/** stillWorking: a message is being handled, so it does not come again yet. */
import type { JsMsg } from '@nats-io/jetstream'

/** Called by a timer: the client throws for a message of a connection that is closed, and that would end the process. */
export const stillWorking = (message: JsMsg): void => {
  try {
    message.working()
  } catch {
    // It comes again, over the next connection.
  }
}
