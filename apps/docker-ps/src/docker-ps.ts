/**
 * Lists containers, as `docker ps` does.
 * Usage: node src/docker-ps.ts [-a] [ADDRESS]; the address is that of DOCKER_HOST, or the usual one, by default.
 */
import { dispatcher } from '@uds/stream/http'
import { dockerAddress } from './address.ts'
import { table, type Container } from './table.ts'

const args = process.argv.slice(2)
const all = args.includes('-a')
const address =
  args.find((arg) => !arg.startsWith('-')) ?? dockerAddress(process.env['DOCKER_HOST'], process.platform)

/** What went wrong, in one line: fetch wraps the failed connect. */
const reason = (error: unknown): string => {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message : message
}

try {
  // #region ps
  const docker = dispatcher(address)
  const response = await fetch(`http://docker/containers/json?all=${all ? 1 : 0}`, { dispatcher: docker })
  if (!response.ok) throw new Error(`the daemon answered ${response.status}: ${await response.text()}`)
  console.log(table((await response.json()) as Container[]))
  await docker.close()
  // #endregion
} catch (error) {
  console.error(`docker-ps: ${address}: ${reason(error)}`)
  process.exitCode = 1
}
