/** A parent that talks to its child over a pipe of its own, in place of the IPC channel of node:child_process. */
// #region parent
import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { EventServer } from '@uds/events'
import type { Work } from './parent-and-child.ts'

const server = EventServer.detached<Work>()
server.on('progress', (percent) => console.log(`${percent} %`))

const child = spawn(process.execPath, [new URL('./child.ts', import.meta.url).pathname], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'], // the fourth is descriptor 3 of the child
})
server.accept(child.stdio[3] as Duplex)

const [peer] = await server.once('connection')
console.log(`the sum is ${await peer.request('sum', [1, 2, 3])}`)
peer.disconnect() // the child has nothing else to wait for, and ends
// #endregion
