import type { Abi } from './abi.ts'
import { preview1 } from './preview1/preview1.ts'
import { uds } from './uds/uds.ts'
import { wamr } from './wamr.ts'
import { wasix, wasixPreview1 } from './wasix/wasix.ts'
import { wasmedge } from './wasmedge/wasmedge.ts'
import { zig } from './zig.ts'

/** All that a guest may speak. Where two have a call of one name and type, the profile of the module decides. */
export const abis: readonly Abi[] = [preview1, zig, wasmedge, wamr, wasix, wasixPreview1, uds]
