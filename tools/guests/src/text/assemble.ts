/** assemble: a module from its text in WebAssembly. */
import wabt from 'wabt'

/** Each process loads it once; a test file waits for it before its first test. */
const tools = await wabt()

/** A custom section that is empty: no text has one. */
const customSection = (name: string): number[] => {
  const bytes = Buffer.from(name)
  return [0, bytes.length + 1, bytes.length, ...bytes]
}

/** Translates the text of a module. */
export const assemble = (text: string, sections: readonly string[] = []): Uint8Array => {
  const module = tools.parseWat('guest.wat', text)
  try {
    return Uint8Array.from([...module.toBinary({}).buffer, ...sections.flatMap(customSection)])
  } finally {
    module.destroy()
  }
}
