/** wireError: a thrown value, as it travels to another machine. */
import { RemoteError } from '@uds/events'

/** Long texts are cut, as `@uds/events` does. */
const MOST_TEXT = 4096

/** Code, message and name; never the stack, never the cause. */
export const wireError = (thrown: unknown): { code: string; message: string; name?: string } => {
  if (!(thrown instanceof Error))
    return { code: 'ERR_HANDLER_FAILED', message: String(thrown).slice(0, MOST_TEXT) }
  const { code } = thrown as { code?: unknown }
  return {
    code: typeof code === 'string' && code !== '' ? code.slice(0, 200) : 'ERR_HANDLER_FAILED',
    message: thrown.message.slice(0, MOST_TEXT),
    name: (thrown instanceof RemoteError ? thrown.remoteName : thrown.name).slice(0, 200),
  }
}
