/** A child that does as it is told, over descriptor 3. */
import { EventClient } from '@uds/events'
import type { CodecName } from '@uds/events'

const parent = await EventClient.connect('fd:3', { codec: process.argv[2] as CodecName })
parent.on('echo', (data) => parent.emit('echoed', data))
parent.handle('double', (input) => (input as number) * 2)
parent.on('leave', () => void parent.close())
parent.on('unref', () => parent.unref())
