/** Links the imports of a component of WASI 0.3: functions, streams and futures of them, and the built-in functions. */
import type { LinkedCall } from '../../abi/link.ts'
import { shapeOfImport, type ModuleImport } from '../../module/binary.ts'
import { linkComponent, served } from '../link.ts'
import { copyBuiltin } from '../async/copy-builtins.ts'
import { builtins, exportBuiltins, taskReturn, type Builtin } from '../async/builtins.ts'
import type { AsyncHost } from '../async/host.ts'
import { callAsync, callSync, carriedOf, type WitFunctions } from '../async/wit-function.ts'
import { shapeOf } from '../canonical/function.ts'
import * as cli from './cli.ts'
import { monotonicClock, systemClock } from './clocks.ts'
import { filesystem, preopens } from './filesystem.ts'
import { client } from './http/client.ts'
import { httpTypes } from './http/types.ts'
import { nameLookup } from './name-lookup.ts'
import { insecure, insecureSeed, random } from './random.ts'
import { tcpFunctions } from './tcp.ts'
import { udpFunctions } from './udp.ts'

/** All that is served, without the version: 0.3.x is one. */
export const interfaces03: Readonly<Record<string, WitFunctions>> = {
  'wasi:cli/environment': cli.environment,
  'wasi:cli/exit': cli.exit,
  'wasi:cli/stdin': cli.stdin,
  'wasi:cli/stdout': cli.stdout,
  'wasi:cli/stderr': cli.stderr,
  'wasi:cli/terminal-input': cli.terminalInput,
  'wasi:cli/terminal-output': cli.terminalOutput,
  'wasi:cli/terminal-stdin': cli.terminalStdin,
  'wasi:cli/terminal-stdout': cli.terminalStdout,
  'wasi:cli/terminal-stderr': cli.terminalStderr,
  'wasi:clocks/monotonic-clock': monotonicClock,
  'wasi:clocks/system-clock': systemClock,
  'wasi:filesystem/types': filesystem,
  'wasi:filesystem/preopens': preopens,
  'wasi:http/types': httpTypes,
  'wasi:http/client': client,
  'wasi:random/random': random,
  'wasi:random/insecure': insecure,
  'wasi:random/insecure-seed': insecureSeed,
  'wasi:sockets/types': { ...tcpFunctions, ...udpFunctions },
  'wasi:sockets/ip-name-lookup': nameLookup,
}

const ASYNC = '[async-lower]'
const COPY =
  /^\[(stream|future)-(new|read|write|cancel-read|cancel-write|drop-readable|drop-writable)-(\d+)\](.+)$/

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** The built-in function of a stream or a future in the type of a function. */
const copyOf = (functions: WitFunctions, name: string, lowersAsync: boolean): Builtin | undefined => {
  const [, kind, action, index, of] = COPY.exec(name) ?? []
  const found = of === undefined ? undefined : own(functions, of)
  const carried = found && carriedOf(found)[Number(index)]
  return carried && carried.kind === kind ? copyBuiltin(action!, carried, lowersAsync) : undefined
}

const builtinOf = ({ module, name }: ModuleImport, functions: WitFunctions): Builtin | undefined => {
  if (module === '$root') return own(builtins, name)
  if (module === '[export]$root') return own(exportBuiltins, name)
  const lowersAsync = name.startsWith(ASYNC)
  return copyOf(functions, lowersAsync ? name.slice(ASYNC.length) : name, lowersAsync)
}

const interfaceOf = (module: string): WitFunctions => {
  const path = /^(wasi:[\w-]+\/[\w-]+)@0\.3\.\d+$/.exec(module)?.[1]
  return (path !== undefined && own(interfaces03, path)) || {}
}

const functionOf = (
  host: AsyncHost,
  wanted: ModuleImport,
  functions: WitFunctions,
): LinkedCall | undefined => {
  const lowersAsync = wanted.name.startsWith(ASYNC)
  const found = own(functions, lowersAsync ? wanted.name.slice(ASYNC.length) : wanted.name)
  if (!found || (lowersAsync && !found.isAsync)) return undefined
  const shape = shapeOf(found, lowersAsync ? 'async lower' : 'lower')
  if (!isShaped(wanted, shape)) return undefined
  return lowersAsync
    ? served(wanted, (...args) => callAsync(host, found, args), false)
    : served(wanted, (...args) => callSync(host, found, args), found.waits)
}

const isShaped = (
  wanted: ModuleImport,
  { parameters, result }: { readonly parameters: string; readonly result: string },
): boolean => shapeOfImport(wanted) === `${parameters}>${result}`

/** The call that serves an import of a component of 0.3; undefined when the host has none of that name and type. */
export const linkComponent03 = (host: AsyncHost): ((wanted: ModuleImport) => LinkedCall | undefined) => {
  const link02 = linkComponent(host)
  return (wanted) => {
    if (wanted.module.startsWith('[export]') && wanted.name.startsWith('[task-return]'))
      return served(wanted, (...args) => taskReturn(host, args), false)
    const functions = interfaceOf(wanted.module)
    const builtin = builtinOf(wanted, functions)
    if (builtin)
      return isShaped(wanted, builtin)
        ? served(wanted, (...args) => builtin.call(host, ...args), builtin.waits === true)
        : undefined
    return functionOf(host, wanted, functions) ?? link02(wanted)
  }
}
