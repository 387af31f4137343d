/** The deepest nesting of lists and objects that is sent or taken. */
export const MAX_DEPTH = 512

/** True when lists and objects are nested deeper than {@link MAX_DEPTH} in the JSON `text`. No Node in here. */
export const isTooDeep = (text: string): boolean => {
  // Each level has an opening and a closing sign.
  if (text.length <= 2 * MAX_DEPTH) return false
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (inString) {
      if (char === 0x5c) at++
      else if (char === 0x22) inString = false
    } else if (char === 0x22) inString = true
    else if (char === 0x5b || char === 0x7b) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (char === 0x5d || char === 0x7d) depth -= 1
  }
  return false
}
