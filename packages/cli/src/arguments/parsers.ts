/** Arguments and options of the command line, checked before anything is opened. */
import { InvalidArgumentError } from 'commander'
import { parseAddress } from '@uds/stream'

const checked = (text: string, bareWord: 'error' | 'name'): string => {
  let scheme: string
  try {
    ;({ scheme } = parseAddress(text, { bareWord, where: 'uds' }))
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message.replace(/^uds: /, ''))
  }
  if (scheme === 'memory')
    throw new InvalidArgumentError('memory: lies within one process, so nobody else can be there.')
  return text
}

/** An address of anything. */
export const address = (text: string): string => checked(text, 'error')

/** An address, or the name of an event channel. */
export const channel = (text: string): string => checked(text, 'name')

/** A number of milliseconds. */
export const milliseconds = (text: string): number => {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new InvalidArgumentError('It must be milliseconds, 0 or more.')
  }
  return number
}

/** How many. */
export const count = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}

/** Gathers an option that can be given several times. */
export const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]
