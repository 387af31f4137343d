/** `storm-server-actor.ts ADDRESS`: serves clients that come all at once. */
import { EventServer } from '@uds/events'

await EventServer.listen(process.argv[2] ?? '')
console.log(`ready ${performance.timeOrigin + performance.now()}`)
