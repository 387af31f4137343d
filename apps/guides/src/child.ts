/** The child of parent.ts. */
// #region child
import { EventClient } from '@uds/events'
import type { Work } from './parent-and-child.ts'

const parent = await EventClient.connect<Work>('fd:3')

parent.handle('sum', (numbers) => {
  parent.emit('progress', 100)
  return numbers.reduce((sum, each) => sum + each, 0)
})
// #endregion
