/** Parsers of the options of `uds wasm run`. */
import { readFileSync, statSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { Decision, PreopenOption, WasiHostOptions } from '@uds/wasi-host'

type Abi = NonNullable<WasiHostOptions['abi']>
type Wait = NonNullable<WasiHostOptions['wait']>

/** All ABIs and waits of the host: the compiler reports one that is left out. */
export const abis: Readonly<Record<Abi, true>> = {
  auto: true,
  preview1: true,
  zig: true,
  wasmedge: true,
  wamr: true,
  wasix: true,
}
export const waits: Readonly<Record<Wait, true>> = { auto: true, jspi: true, worker: true, blocking: true }

/** The options after parsing. */
export interface GuestFlags {
  readonly allow: readonly string[]
  readonly route: Readonly<Record<string, string>>
  readonly listen: readonly string[]
  readonly connect: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly dir: Readonly<Record<string, PreopenOption>>
  readonly abi?: Abi
  readonly wait?: Wait
  readonly trace?: boolean
}

/** By the path that the guest sees. */
type Directories = Readonly<Record<string, PreopenOption>>
type Pairs = Readonly<Record<string, string>>

/** `--route db.internal:5432=unix:/run/x`, several times. */
export const route = (text: string, before: Pairs = {}): Pairs => {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be HOST:PORT=ADDRESS.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** `--env NAME=VALUE`, or `--env NAME` for the value that this process has. */
export const variable = (text: string, before: Pairs = {}): Pairs => {
  const at = text.indexOf('=')
  const name = at < 0 ? text : text.slice(0, at)
  const value = at < 0 ? process.env[text] : text.slice(at + 1)
  if (name === '') throw new InvalidArgumentError('It must be NAME=VALUE, or NAME.')
  if (value === undefined)
    throw new InvalidArgumentError(`This process has no variable ${name}: write NAME=VALUE.`)
  return { ...before, [name]: value }
}

/** `--dir HOST` or `--dir HOST::GUEST`, as wasmtime has it; `--dir HOST::GUEST:ro` for one that the guest cannot change. */
export const directory = (text: string, before: Directories = {}): Directories => {
  const [host = '', seen = host] = text.split('::')
  const readOnly = text.includes('::') && seen.endsWith(':ro')
  const guest = readOnly ? seen.slice(0, -':ro'.length) : seen
  if (host === '' || guest === '')
    throw new InvalidArgumentError('It must be HOST, HOST::GUEST or HOST::GUEST:ro.')
  if (!statSync(host, { throwIfNoEntry: false })?.isDirectory())
    throw new InvalidArgumentError(`There is no directory ${host}.`)
  return { ...before, [guest]: { path: host, readOnly } }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** The directory of the script, as the guest sees it. */
const SCRIPTS = '/script'

/** Whether a guest with these directories can open a path as written. */
const isVisible = (path: string, dirs: Directories): boolean =>
  Object.keys(dirs).some((guest) =>
    guest === '.' ? !isAbsolute(path) : path.startsWith(guest.endsWith('/') ? guest : `${guest}/`),
  )

/**
 * `python.wasm script.py`: the guest reads the script only where a preopen holds it; where none does, it sees this one
 * file below /script.
 */
export const shareScript = (
  args: readonly string[],
  dirs: Directories,
): Pick<WasiHostOptions, 'files'> & { readonly args: readonly string[] } => {
  const [first, ...rest] = args
  if (first === undefined || !isFile(first) || isVisible(first, dirs)) return { args }
  const path = `${SCRIPTS}/${basename(first)}`
  return { args: [path, ...rest], files: { [path]: readFileSync(first) } }
}

/** One line of `--trace`. */
export const describeDecision = ({ action, address, decision, rule, target, reason }: Decision): string =>
  `${action} ${address}: ${decision}${rule === undefined ? '' : ` (${rule})`}${target === undefined ? '' : `, to ${target}`}${reason === undefined ? '' : `: ${reason}`}`

/** Why a route did not lead where it should. */
export const explainRoute = ({ address, target, rule, reason }: Decision): string =>
  `${address} leads to ${target}${rule === address ? '' : ` (--route ${rule})`}, where no connection could be made: ${reason}`

/** The option that allows what the guest was refused. */
export const adviseOn = ({ action, address }: Decision): string =>
  action === 'resolve'
    ? `the guest was refused to resolve ${address}: --allow resolve:${address}, or --allow connect:${address}:PORT, permits it`
    : `the guest was refused to ${action} ${address}: --allow ${action}:${address}, or --route ${action === 'bind' ? 'bind:' : ''}${address}=ADDRESS, permits it`
