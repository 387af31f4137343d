// child_process IPC, by itself: the server forks the client, since there is no other way to it. The serialization comes
// as the variant.
import { fork, type SerializationType } from 'node:child_process'
import { arrivals, job, ready, roundTrips, textOf } from './subject.ts'

const { role, work, count, size, variant } = job()
const text = textOf(size)
if (role === 'server') {
  const serialization = variant as SerializationType
  const child = fork(import.meta.filename, ['client', ...process.argv.slice(3)], { serialization })
  if (work === 'one-way') {
    const arrived = arrivals(count)
    child.on('message', () => arrived())
    await new Promise((resolve) => child.once('spawn', resolve))
    ready(child.pid)
  } else {
    // The message that says that the child is there.
    await new Promise((resolve) => child.once('message', resolve))
    let resolve: ((value: unknown) => void) | undefined
    child.on('message', (value) => resolve?.(value))
    await roundTrips(
      count,
      1,
      () => {
        child.send(text)
        return new Promise((done) => {
          resolve = done
        })
      },
      child.pid,
    )
  }
} else {
  // Ends with its parent, which the bench kills.
  process.on('disconnect', () => process.exit())
  const send = (process.send as (message: string, done?: (error: Error | null) => void) => boolean).bind(
    process,
  )
  if (work === 'one-way') {
    // False means that too much waits: the callback of that message tells when it has left.
    for (let at = 0; at < count; at++) {
      await new Promise<void>((resolve) => {
        if (send(text, () => resolve())) resolve()
      })
    }
  } else {
    process.on('message', (message: string) => send(message))
    send('here')
  }
}
