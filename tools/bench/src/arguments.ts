/** The arguments of the bench. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Results } from './results.ts'

export const USAGE = `pnpm bench [--quick] [--only NAME[,NAME]] [--repeat N] [--peers] [--json FILE] [--compare FILE|FOLDER] [--chart FILE]

  --quick          one round of short runs of the main groups, in under 90 seconds: a look, as cold code counts
  --only NAME      the groups whose names begin so; --list prints them
  --repeat N       rounds; each measures every row once, in turns (7; quick: 1)
  --peers          other libraries too, which are installed from npm into the cache
  --json FILE      writes the results; those of other groups that the file has from the same machine stay
  --compare FILE   puts the multiples of an earlier --json beside these
  --compare FOLDER measures another checkout, installed, in the same run
  --chart FILE     draws the results as SVG
  --from FILE      measures nothing: prints and draws the results of a --json
  --doors          the benches of imports and guests behind these (they need "pnpm build" and "pnpm guests")`

export interface Arguments {
  readonly quick: boolean
  readonly list: boolean
  readonly peers: boolean
  readonly doors: boolean
  readonly only: readonly string[]
  readonly repeat: number
  readonly json?: string
  readonly chart?: string
  readonly before?: Results
  readonly from?: Results
  readonly otherBuild?: string
}

/** The file of a `--json`. */
export const readResults = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results

/** @throws Error that says what is wrong with an argument. */
export const readArguments = (args: readonly string[]): Arguments => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      doors: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      repeat: { type: 'string' },
      json: { type: 'string' },
      compare: { type: 'string' },
      chart: { type: 'string' },
      from: { type: 'string' },
    },
  })
  const repeat = Number(values.repeat ?? (values.quick ? 1 : 7))
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > 1000) {
    throw new Error(`--repeat takes a whole number from 1 to 1000, and not ${values.repeat}`)
  }
  const { compare } = values
  if (compare !== undefined && !existsSync(compare)) {
    throw new Error(`--compare ${compare}: no such file or folder`)
  }
  const isFolder = compare !== undefined && statSync(compare).isDirectory()
  if (isFolder && !existsSync(resolve(compare, 'node_modules'))) {
    throw new Error(`--compare ${compare}: a checkout that is not installed; run "pnpm install" there`)
  }
  return {
    quick: values.quick,
    list: values.list,
    peers: values.peers,
    doors: values.doors,
    only: values.only === '' ? [] : values.only.split(','),
    repeat,
    ...(values.json !== undefined && { json: values.json }),
    ...(values.chart !== undefined && { chart: values.chart }),
    ...(values.from !== undefined && { from: readResults(values.from) }),
    ...(compare !== undefined &&
      (isFolder ? { otherBuild: resolve(compare) } : { before: readResults(compare) })),
  }
}
