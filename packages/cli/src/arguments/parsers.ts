/** Parsers of arguments and options: address, channel, milliseconds, count. */
import { InvalidArgumentError } from 'commander'
import { parseAddress } from '@uds/stream'

const checkAddress = (text: string, bareWord: 'error' | 'name'): string => {
  let scheme: string
  try {
    ;({ scheme } = parseAddress(text, { bareWord, where: 'uds' }))
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message.replace(/^uds: /, ''))
  }
  if (scheme === 'memory')
    throw new InvalidArgumentError('memory: reaches only this process, which has no other end there.')
  return text
}

/** An address of `@uds/stream`, but not memory:. */
export const address = (text: string): string => checkAddress(text, 'error')

/** An address, or the name of an event channel. */
export const channel = (text: string): string => checkAddress(text, 'name')

/** A number of milliseconds. */
export const milliseconds = (text: string): number => {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new InvalidArgumentError('It must be milliseconds, 0 or more.')
  }
  return number
}

/** A whole number, 1 or more. */
export const count = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}

/** Collects the values of an option that may be repeated. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]
