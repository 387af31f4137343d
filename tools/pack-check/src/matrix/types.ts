import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.ts'

/** How users' projects look modules up. */
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
} as const

export const resolutions = Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[]

/** Compiles `use.ts` of a project strictly, our declarations included. */
export const checkTypes = (
  project: string,
  tsc: string,
  resolution: keyof typeof RESOLUTIONS,
  typeRoots: string,
): string => {
  const config = join(project, `tsconfig.${resolution}.json`)
  const compilerOptions = {
    ...RESOLUTIONS[resolution],
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [typeRoots],
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['use.ts'] }))
  run(process.execPath, [tsc, '-p', config], project)
  return 'no error'
}
