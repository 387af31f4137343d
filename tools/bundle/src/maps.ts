/** Source maps of half the size: one place a line, and sources without what declarations have and nothing can stop at. */
import type { Plugin } from 'rolldown'

const DOCUMENTATION = /\/\*\*[^]*?\*\/[ \t]*/g
const IMPORTS =
  /^(?:import|export)(?: type)? (?:\{[^{}]*\}|\*(?: as \w+)?|\w+(?:, \{[^{}]*\})?) from '[^'\n]*'$/gm
const INTERFACES = /^(?:export )?interface \w[^]*?^\}$/gm

const emptied = (text: string): string => text.replace(/[^\n]+/g, '')

/** The text without its TSDoc, imports and interfaces, indented by one space; every line stays where it is. */
export const shortSource = (source: string): string =>
  source
    .replace(DOCUMENTATION, emptied)
    .replace(IMPORTS, emptied)
    .replace(INTERFACES, emptied)
    .replace(/^(?: {2})+/gm, (spaces) => ' '.repeat(spaces.length / 2))
    .replace(/[ \t]+$/gm, '')

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const CONTINUES = 32

/** Reads the numbers of one segment: VLQ in base 64, the sign in the lowest bit. */
const numbersOf = (segment: string): number[] => {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (const char of segment) {
    const digit = DIGITS.indexOf(char)
    value += (digit & (CONTINUES - 1)) << shift
    shift += 5
    if ((digit & CONTINUES) !== 0) continue
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1)
    value = 0
    shift = 0
  }
  return numbers
}

const textOf = (numbers: readonly number[]): string =>
  numbers
    .map((number) => {
      let rest = number < 0 ? (-number << 1) | 1 : number << 1
      let text = ''
      do {
        const digit = rest & (CONTINUES - 1)
        rest >>= 5
        text += DIGITS[rest > 0 ? digit | CONTINUES : digit]
      } while (rest > 0)
      return text
    })
    .join('')

/**
 * Leaves the first place of each line, which is what a stack and a breakpoint need of code that is not minified.
 *
 * @param mappings - As in https://tc39.es/ecma426/#sec-mappings
 */
export const linesOnly = (mappings: string): string => {
  // Source, line and column are differences to the segment before, whichever line that was on.
  const read = [0, 0, 0]
  const written = [0, 0, 0]
  return mappings
    .split(';')
    .map((line) => {
      let kept = ''
      for (const segment of line.split(',')) {
        const [, ...place] = numbersOf(segment)
        if (place.length < 3) continue
        for (const index of read.keys()) read[index]! += place[index]!
        if (kept !== '') continue
        kept = textOf([0, ...read.map((value, index) => value - written[index]!)])
        written.splice(0, 3, ...read)
      }
      return kept
    })
    .join(';')
}

/** Makes the maps small. They hold the sources, so that nothing else has to be published. */
export const smallMaps: Plugin = {
  name: 'small-maps',
  generateBundle(_options, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type !== 'asset' || !name.endsWith('.map')) continue
      const map = JSON.parse(String(file.source)) as {
        mappings: string
        names: string[]
        sourcesContent?: string[]
      }
      map.mappings = linesOnly(map.mappings)
      map.names = []
      map.sourcesContent = (map.sourcesContent ?? []).map(shortSource)
      file.source = JSON.stringify(map)
    }
  },
}
