/**
 * Serves over AF_UNIX where the machine has it, and says what it uses in its place where it has not.
 * Usage: node src/what-works.ts [NAME]
 */
// #region ask
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { listen, unix } from '@uds/stream'
import { capabilities } from '@uds/winsock-ffi'

const name = process.argv[2] ?? 'what-works'
const { afUnix, credentials, reasons } = capabilities() // tried, not guessed from a version
console.log(`AF_UNIX: ${afUnix ? 'yes' : 'no'}, peer credentials: ${credentials ? 'yes' : 'no'}`)
for (const reason of reasons) console.log(`  ${reason}`)

// The same choice must be made by the client; `name:` makes it for both, and is a pipe on every Windows.
const address = unix.capabilities.listen ? `unix:${join(tmpdir(), `${name}.sock`)}` : `name:${name}`
const server = await listen(address)
console.log(`listening on ${server.address}`)
// #endregion
await server.close()
