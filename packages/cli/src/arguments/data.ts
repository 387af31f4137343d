/** The DATA and INPUT arguments of the commands of event channels. */
import { text as readAll } from 'node:stream/consumers'
import type { Readable } from 'node:stream'

/** Returns the value of valid JSON, and other text as a string; `-` reads standard input; no argument is undefined. */
export const readData = async (argument: string | undefined, stdin: Readable): Promise<unknown> => {
  const text = argument === '-' ? (await readAll(stdin)).trimEnd() : argument
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
