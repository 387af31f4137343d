/** uds wasm inspect. */
import { Command } from 'commander'
import type { ComponentInside, Inspection, ModuleImport } from '@uds/wasi-host'
import type { Context } from '../terminal/context.ts'
import { guestFile } from './guest-file.ts'

type Signature = (each: ModuleImport) => string

const names = (all: readonly string[]): string => (all.length === 0 ? 'nothing' : all.join(', '))

/** What a component is made of, each with the place that it has there. */
const describeInside = ({ modules, components }: ComponentInside, place = '', indent = '  '): string[] => [
  ...modules.map(
    ({ size, memory, imports, exports }, index) =>
      `${indent}core module ${place}${index + 1}: ${size.toLocaleString('en')} bytes${memory ? ', with a memory' : ''}, ${exports.length} exports, imports of ${names(imports)}`,
  ),
  ...components.flatMap((each, index) => [
    `${indent}component ${place}${index + 1}: imports ${names(each.imports)}; exports ${names(each.exports)}`,
    ...describeInside(each, `${place}${index + 1}.`, `${indent}  `),
  ]),
]

const kindOf = ({ modules, components }: ComponentInside): string => {
  const count = (inside: ComponentInside): number =>
    inside.components.reduce((sum, each) => sum + count(each), inside.modules.length)
  const composed = components.filter((each) => count(each) > 0).length
  return composed > 0
    ? `component, composed of ${composed + (modules.length > 0 ? 1 : 0)}`
    : 'component: its core module is shown'
}

const describe = (found: Inspection, signature: Signature): string[] => {
  const { kind, abi, socketCalls, command, handler, usesUdsSocket, wasiVfs, go, imports, exports, inside } =
    found
  const traits = [
    ...(usesUdsSocket ? ["uses this project's own calls"] : []),
    ...(wasiVfs ? ['packed by wasi-vfs'] : []),
    ...(go ? ['built by Go'] : []),
  ]
  const entry = kind === 'component' ? 'wasi:cli/run' : '_start'
  return [
    `ABI      ${abi}${socketCalls.length === 0 ? ' (no socket call is imported)' : ''}`,
    ...(inside ? [`kind     ${kindOf(inside)}`] : []),
    ...(handler ? ['serve    yes, it has wasi:http/incoming-handler'] : []),
    `run      ${command ? `yes, it has ${entry}` : `no, it has no ${entry}: call its exports by WasiHost.instantiate`}`,
    ...(traits.length === 0 ? [] : [`traits   ${traits.join(', ')}`]),
    ...(inside ? ['inside', ...describeInside(inside)] : []),
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
