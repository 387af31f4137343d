/** Numbers with a fraction by their bits, as memory and shared slots have them. */

const view = new DataView(new ArrayBuffer(8))

export const f32OfBits = (bits: number): number => {
  view.setUint32(0, bits)
  return view.getFloat32(0)
}

export const f64OfBits = (bits: bigint): number => {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

export const bitsOfF32 = (value: number): number => {
  view.setFloat32(0, value)
  return view.getUint32(0)
}

export const bitsOfF64 = (value: number): bigint => {
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}
