/** What escapes to the process while a hostile peer is served: an exception, or a rejection that nobody handles. */

/** Runs this, and returns what escaped meanwhile. */
export const escapes = async (run: () => Promise<void>): Promise<string[]> => {
  const found: string[] = []
  const listen = (error: unknown): void => {
    found.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  process.on('uncaughtException', listen)
  process.on('unhandledRejection', listen)
  try {
    await run()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('uncaughtException', listen)
    process.off('unhandledRejection', listen)
  }
  return found
}
