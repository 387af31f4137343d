/** Writes protocol/vectors.json: `pnpm vectors`. */
import { writeFileSync } from 'node:fs'
import { file, text } from './vectors.ts'

writeFileSync(file, text())
