/** isTooDeep: the deepest nesting of a frame. */
import { passedBound } from '../../codecs/json-bounds.ts'

/** The deepest nesting of lists and objects that is sent or taken. */
export const MAX_DEPTH = 512

/** True when lists and objects are nested deeper than {@link MAX_DEPTH} in the JSON `text`. No Node in here. */
export const isTooDeep = (text: string): boolean => passedBound(text, MAX_DEPTH, Infinity) !== undefined
