/** One case in a process of its own: `try-case.ts AREA NAME DIRECTORY`. The last line of its output is an outcome. */
import { areas } from './cases/index.ts'
import { tryIn } from './cases/case.ts'
import { report } from './report.ts'

const [area = '', name = '', directory = ''] = process.argv.slice(2)
const attempt = areas[area]?.[name]
if (attempt === undefined) throw new TypeError(`There is no case "${name}" of "${area}"`)

await report(() => tryIn(directory, attempt))
