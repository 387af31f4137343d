/** The child of try-parent.ts: `try-child.ts END`. */
import { asChild, type ChildEnd } from './pairs/child-ends.ts'

await asChild(process.argv[2] as ChildEnd)
