import { text as readAll } from 'node:stream/consumers'
import type { Readable } from 'node:stream'

/** Data from the command line: JSON where it is JSON, and text otherwise; `-` is standard input; nothing is undefined. */
export const readData = async (argument: string | undefined, stdin: Readable): Promise<unknown> => {
  const text = argument === '-' ? (await readAll(stdin)).trimEnd() : argument
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
