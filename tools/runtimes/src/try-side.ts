/** One end of a conversation: `try-side.ts server|client NAME DIRECTORY`. The last line of its output is an outcome. */
import { join } from 'node:path'
import { conversations } from './pairs/conversations.ts'
import { report } from './report.ts'

const [side = '', name = '', directory = ''] = process.argv.slice(2)
const conversation = conversations[name]
if (conversation === undefined) throw new TypeError(`There is no conversation "${name}"`)

await report(() => conversation[side === 'server' ? 'server' : 'client'](join(directory, 's')))
