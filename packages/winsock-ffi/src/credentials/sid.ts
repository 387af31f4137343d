/**
 * A security identifier in its text form, `S-1-5-21-...`.
 *
 * ```c
 * // [MS-DTYP] 2.4.2.2
 * struct SID { uint8_t Revision; uint8_t SubAuthorityCount; uint8_t IdentifierAuthority[6]; uint32_t SubAuthority[]; };
 * ```
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/c92a27b1-c772-4fa7-a432-15df5f1b66a1
 */
export const sidToString = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const authority = view.getUint16(2) * 2 ** 32 + view.getUint32(4)
  const parts = Array.from({ length: view.getUint8(1) }, (_, index) => view.getUint32(8 + 4 * index, true))
  return ['S', view.getUint8(0), authority, ...parts].join('-')
}
