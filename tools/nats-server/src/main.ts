/** Gets a nats-server for the tests, unless one is there. */
import { makeNatsServer } from './find.ts'

const say = (line: string): void => void process.stdout.write(`nats-server: ${line}\n`)

const server = await makeNatsServer(say)
if ('missing' in server) {
  say(`${server.missing} is missing: ${server.install}`)
  process.exitCode = 1
} else say(`${server.version} at ${server.file}`)
