/** Parsers of arguments and options: milliseconds, count, values of an option that is repeated. */
import { InvalidArgumentError } from 'commander'

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
