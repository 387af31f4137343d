/** Starting the threads of fixtures/actor.ts. */
import { Worker } from 'node:worker_threads'
import { vi } from 'vitest'
import type { TransferToken } from '../src/index.ts'
import type { Action, Order } from './fixtures/actor.ts'

// A thread starts in half a second, and in ten under Wine on a busy machine: tests that start some have time for it.
vi.setConfig({ testTimeout: 60_000 })

export interface Outcome {
  /** What the action gave. */
  readonly result?: unknown
  /** The code of the error that it threw. */
  readonly code?: string
  readonly message?: string
}

export interface Actor {
  /** Lets it begin. Until then it waits, ready. */
  go(): void
  /** How it went; the thread has ended. */
  readonly done: Promise<Outcome>
}

/** Starts a thread, and resolves when it is ready to act, so that the caller may block. */
export const actor = async (action: Action, token?: TransferToken): Promise<Actor> => {
  const go = new SharedArrayBuffer(4)
  const workerData: Order = { token, action, go }
  const worker = new Worker(new URL('./fixtures/actor.ts', import.meta.url), {
    workerData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const ready = Promise.withResolvers<void>()
  const done = Promise.withResolvers<Outcome>()
  let outcome: Outcome = {}
  worker.on('message', (message: Outcome & { ready?: boolean }) => {
    if (message.ready) ready.resolve()
    else outcome = message
  })
  worker.once('error', (error) => {
    ready.reject(error)
    done.reject(error)
  })
  worker.once('exit', () => done.resolve(outcome))
  await ready.promise
  return {
    go: () => {
      const gate = new Int32Array(go)
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
    },
    done: done.promise,
  }
}

/** Starts a thread that acts at once. */
export const acting = async (action: Action, token?: TransferToken): Promise<Actor> => {
  const started = await actor(action, token)
  started.go()
  return started
}
