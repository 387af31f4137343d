/** A parent: `try-parent.ts END PROGRAM ARGUMENT...`, the command of its child. The last line of its output is an outcome. */
import { asParent, type ChildEnd } from './pairs/child-ends.ts'
import { report } from './report.ts'

const [end, ...command] = process.argv.slice(2)

await report(() => asParent(command, end as ChildEnd))
