/** What node:child_process does, row by row of docs/guides/coming-from-child-process.md. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

const start = (options) => {
  const child = fork(new URL('./child-process.child.mjs', import.meta.url), options)
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit')
  })
  return child
}

/** Sends a message; what the child says next. */
const ask = async (child, message) => {
  const answer = once(child, 'message')
  child.send(message)
  return (await answer)[0]
}

export const rows = () => ({
  'fork(file)': async () => {
    const child = start()
    await once(child, 'spawn')
    return child.connected
  },
  "child.send(message), process.on('message', ...)": () => ask(start(), { echo: 'down' }),
  "process.send(message), child.on('message', ...)": async () => {
    const child = start()
    return ask(child, { echo: 'up' })
  },
  'an answer, by an id of yours': async () => {
    const child = start()
    const answers = new Map()
    const done = new Promise((resolve) => {
      child.on('message', ({ id, result }) => {
        answers.set(id, result)
        if (answers.size === 3) resolve()
      })
    })
    for (const id of [1, 2, 3]) child.send({ double: id, id })
    await done
    return [1, 2, 3].map((id) => answers.get(id))
  },
  'child.send(message, callback)': async () => {
    const child = start()
    return new Promise((resolve) => child.send({ echo: 1 }, (error) => resolve(error ?? 'sent')))
  },
  "serialization: 'advanced'": async () => {
    const child = start({ serialization: 'advanced' })
    const got = await ask(child, { echo: new Map([[1, new Date(0)]]) })
    return [got instanceof Map, got.get(1).getTime()]
  },
  'child.disconnect()': async () => {
    const child = start()
    const exit = once(child, 'exit')
    child.disconnect()
    return (await exit)[0]
  },
  "child.on('disconnect', ...)": async () => {
    const child = start()
    const ended = once(child, 'disconnect')
    child.send({ leave: true })
    await ended
    return child.connected
  },
  'child.connected': async () => {
    const child = start()
    const before = child.connected
    const exit = once(child, 'disconnect')
    child.kill('SIGKILL')
    await exit
    return [before, child.connected]
  },
  'process.channel.unref()': async () => {
    const child = start()
    const exit = once(child, 'exit')
    child.send({ unref: true })
    return (await exit)[0]
  },
  'child.send(...) returned false': async () => {
    const child = start()
    const text = 'x'.repeat(1024 * 1024)
    for (let each = 0; each < 100; each += 1) if (!child.send({ echo: text })) return 'enough'
    return 'never'
  },
})
