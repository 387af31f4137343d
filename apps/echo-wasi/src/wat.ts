import { readFileSync } from 'node:fs'
import wabt from 'wabt'

/** Translates one of the guests, so that what runs is what can be read. */
export const assemble = async (name: string): Promise<Uint8Array> => {
  const url = new URL(`./guests/${name}.wat`, import.meta.url)
  const tools = await wabt()
  const module = tools.parseWat(url.pathname, readFileSync(url, 'utf8'))
  try {
    return new Uint8Array(module.toBinary({}).buffer)
  } finally {
    module.destroy()
  }
}
