/** Errors between threads: cloning one loses its class and its code. */
import { Exit, Stopped } from '../outcome/failure.ts'
import { GuestExit } from '../outcome/errors.ts'
import { engine } from '../module/engine.ts'
import type { PostedError } from './protocol.ts'

export const toPosted = (thrown: unknown): PostedError => {
  const exitCode = thrown instanceof Exit ? thrown.code : undefined
  const stopped = thrown instanceof Stopped
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === 'string' ? code : undefined,
    exitCode,
    stopped,
  }
}

type Constructor = new (message: string) => Error

const classes: Readonly<Record<string, Constructor>> = {
  TypeError,
  RangeError,
  RuntimeError: engine.RuntimeError,
  LinkError: engine.LinkError,
  CompileError: engine.CompileError,
}

export const fromPosted = ({ name, message, stack, code, exitCode }: PostedError): Error => {
  if (exitCode !== undefined) return new GuestExit(exitCode)
  const error = new (classes[name] ?? Error)(message)
  if (stack !== undefined) error.stack = stack
  return code === undefined ? error : Object.assign(error, { code })
}
