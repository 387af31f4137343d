/** Links the imports of a component of WASI 0.2: by interface, and by function. */
import type { HostCall, LinkedCall } from '../abi/link.ts'
import { engine } from '../module/engine.ts'
import { shapeOfImport, type ModuleImport } from '../module/binary.ts'
import { Failure } from '../outcome/failure.ts'
import { SyncPromise, type Outcome } from '../outcome/sync-promise.ts'
import {
  environmentRows,
  exitRows,
  stderrRows,
  stdinRows,
  stdoutRows,
  terminalInputRows,
  terminalOutputRows,
  terminalStderrRows,
  terminalStdinRows,
  terminalStdoutRows,
} from './cli.ts'
import { insecureRows, insecureSeedRows, monotonicRows, randomRows, wallRows } from './clocks.ts'
import { filesystemRows, preopensRows } from './filesystem/rows.ts'
import type { ComponentHost, ComponentRow, ComponentRows } from './host.ts'
import { bodyRows } from './http/bodies.ts'
import { fieldsRows } from './http/fields.ts'
import { outgoingHandlerRows, requestRows } from './http/requests.ts'
import { responseRows } from './http/responses.ts'
import { instanceNetworkRows, nameLookupRows, networkRows } from './network.ts'
import { pollRows } from './pollable.ts'
import { errorRows, streamRows } from './stream-rows.ts'
import { tcpCreateRows, tcpRows } from './tcp.ts'
import { udpCreateRows, udpRows } from './udp.ts'

/** All that is served, without the version: 0.2.0 to 0.2.x differ only by functions that were added. */
export const interfaces: Readonly<Record<string, ComponentRows>> = {
  'wasi:io/error': errorRows,
  'wasi:io/poll': pollRows,
  'wasi:io/streams': streamRows,
  'wasi:clocks/monotonic-clock': monotonicRows,
  'wasi:clocks/wall-clock': wallRows,
  'wasi:random/random': randomRows,
  'wasi:random/insecure': insecureRows,
  'wasi:random/insecure-seed': insecureSeedRows,
  'wasi:cli/environment': environmentRows,
  'wasi:cli/exit': exitRows,
  'wasi:cli/stdin': stdinRows,
  'wasi:cli/stdout': stdoutRows,
  'wasi:cli/stderr': stderrRows,
  'wasi:cli/terminal-input': terminalInputRows,
  'wasi:cli/terminal-output': terminalOutputRows,
  'wasi:cli/terminal-stdin': terminalStdinRows,
  'wasi:cli/terminal-stdout': terminalStdoutRows,
  'wasi:cli/terminal-stderr': terminalStderrRows,
  'wasi:filesystem/types': filesystemRows,
  'wasi:filesystem/preopens': preopensRows,
  'wasi:http/types': { ...fieldsRows, ...bodyRows, ...requestRows, ...responseRows },
  'wasi:http/outgoing-handler': outgoingHandlerRows,
  'wasi:sockets/network': networkRows,
  'wasi:sockets/instance-network': instanceNetworkRows,
  'wasi:sockets/ip-name-lookup': nameLookupRows,
  'wasi:sockets/tcp': tcpRows,
  'wasi:sockets/tcp-create-socket': tcpCreateRows,
  'wasi:sockets/udp': udpRows,
  'wasi:sockets/udp-create-socket': udpCreateRows,
}

/** The row of a function, by its interface and its name. */
export const rowOf = (module: string, name: string): ComponentRow | undefined => {
  const [, path, version] = /^(wasi:[\w-]+\/[\w-]+)@(0\.\d+)/.exec(module) ?? []
  const rows = version === '0.2' ? interfaces[path!] : undefined
  return rows && Object.hasOwn(rows, name) ? rows[name] : undefined
}

const find = (wanted: ModuleImport): ComponentRow | undefined => {
  const row = rowOf(wanted.module, wanted.name)
  return row && shapeOfImport(wanted) === `${row.parameters}>${row.result ?? ''}` ? row : undefined
}

/**
 * A call of an import. A pointer that leaves the memory is no error of the call: the component traps.
 *
 * @param waits - It may have to wait.
 */
export const served = (
  { module, name }: ModuleImport,
  action: (...args: number[]) => Outcome<number | bigint | void>,
  waits: boolean,
): LinkedCall => {
  const endOf = (thrown: unknown): unknown =>
    thrown instanceof Failure ? new engine.RuntimeError(`${module} ${name}: ${thrown.detail}`) : thrown
  const call = (...args: number[]): unknown => {
    let outcome: Outcome<number | bigint | void>
    try {
      outcome = action(...args)
    } catch (error) {
      throw endOf(error)
    }
    if (!(outcome instanceof SyncPromise)) return outcome
    return new Promise((resolve, reject) => {
      outcome.settle(resolve, (error) => reject(endOf(error)))
    })
  }
  return { call: call as HostCall, waits }
}

/** The call that serves an import of a component; undefined when the host has none of that name and type. */
export const linkComponent =
  (host: ComponentHost) =>
  (wanted: ModuleImport): LinkedCall | undefined => {
    const row = find(wanted)
    return row && served(wanted, (...args) => row.call(host, ...args), row.waits === true)
  }
