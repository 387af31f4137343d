/** uds wasm inspect. */
import { Command } from 'commander'
import type { Inspection, ModuleImport } from '@uds/wasi-host'
import type { Context } from '../terminal/context.ts'
import { guestFile } from './guest-file.ts'

type Signature = (each: ModuleImport) => string

const describe = (found: Inspection, signature: Signature): string[] => {
  const { kind, abi, socketCalls, command, usesUdsSocket, wasiVfs, go, imports, exports } = found
  const traits = [
    ...(usesUdsSocket ? ["uses this project's own calls"] : []),
    ...(wasiVfs ? ['packed by wasi-vfs'] : []),
    ...(go ? ['built by Go'] : []),
  ]
  const entry = kind === 'component' ? 'wasi:cli/run' : '_start'
  return [
    `ABI      ${abi}${socketCalls.length === 0 ? ' (no socket call is imported)' : ''}`,
    ...(kind === 'component' ? ['kind     component: its core module is shown'] : []),
    `run      ${command ? `yes, it has ${entry}` : `no, it has no ${entry}: call its exports by WasiHost.instantiate`}`,
    ...(traits.length === 0 ? [] : [`traits   ${traits.join(', ')}`]),
    `imports  ${imports.length}`,
    ...imports.map((each) => {
      const text = each.kind === 'function' ? signature(each) : `${each.module}.${each.name} (${each.kind})`
      return `  ${text}${socketCalls.includes(text) ? '  (socket)' : ''}`
    }),
    `exports  ${exports.length}`,
    ...exports.map((each) => `  ${each.name} (${each.kind})`),
  ]
}

/** uds wasm inspect: prints the imports and exports of a module. */
export const inspectCommand = (context: Context): Command =>
  new Command('inspect')
    .description('Print what a module or a component imports, with types, and the socket ABI that it speaks.')
    .argument('<file>', 'the module or component; python: that of @uds/python-wasi')
    .addHelpText(
      'after',
      '\nExamples:\n  $ uds wasm inspect python.wasm\n  $ uds wasm inspect --json a.wasm | jq .abi',
    )
    .action(async (file: string) => {
      const { inspect, signature } = await import('@uds/wasi-host')
      const found = inspect((await guestFile(file)).path)
      context.output().result(describe(found, signature).join('\n'), found)
    })
