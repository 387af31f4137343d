/** `attempt-in-process.ts AREA NAME DIRECTORY CALL [FAULT]`: each line of the output is a result in JSON. */
import { attemptAll } from './attempt-all.ts'
import { areas } from '../operations/index.ts'

const [area = '', name = '', directory = '', call, choice] = process.argv.slice(2)
const operation = areas[area]?.[name]
if (operation === undefined) throw new TypeError(`There is no operation "${name}" of "${area}"`)
const beginning = { call: Number(call), choice: Number(choice ?? 0), alone: choice !== undefined }
await attemptAll(operation, directory, beginning, (result) =>
  process.stdout.write(`${JSON.stringify(result)}\n`),
)
process.exit()
