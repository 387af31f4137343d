/** All trials, by what they try. */
import { deaths } from '../deaths/index.ts'
import { disks } from '../disks/index.ts'
import { histories } from '../histories/index.ts'
import { hostile } from '../hostile/index.ts'
import { load } from '../load/index.ts'
import { syscalls } from '../syscalls/index.ts'
import type { Trials } from './trial.ts'

export const trials: Readonly<Record<string, Trials>> = { deaths, histories, disks, syscalls, hostile, load }
