/** Runs the command in this process, as programs do that embed it. */
import { PassThrough, Readable } from 'node:stream'
import { run } from '../src/run.ts'
import type { Result } from './command.ts'

const written = (stream: PassThrough): string => String(stream.read() ?? '')

/** What has become of a command that neither reads nor waits: it needs no process of its own. */
export const udsHere = async (args: readonly string[]): Promise<Result> => {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const code = await run(args, { stdin: Readable.from([]), stdout, stderr })
  return { code, stdout: written(stdout), stderr: written(stderr) }
}
