/** Text in PNG files (ISO/IEC 15948, 11.3.4.3 tEXt). */

const headerEnd = 33

/**
 * Inserts a tEXt chunk after the header.
 * @param text JSON; characters outside Latin-1, which tEXt does not have, become \u escapes
 */
export function withText(png: Uint8Array, keyword: string, text: string): Uint8Array<ArrayBuffer> {
  const ascii = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const content = new TextEncoder().encode(`tEXt${keyword}\0${ascii}`)
  const chunk = new Uint8Array(content.length + 8)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, content.length - 4)
  chunk.set(content, 4)
  view.setUint32(content.length + 4, checksum(content))
  const result = new Uint8Array(png.length + chunk.length)
  result.set(png.subarray(0, headerEnd))
  result.set(chunk, headerEnd)
  result.set(png.subarray(headerEnd), headerEnd + chunk.length)
  return result
}

/** CRC-32 of the type and the data of a chunk (annex D). */
function checksum(bytes: Uint8Array): number {
  let remainder = 0xffffffff
  for (const byte of bytes) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  }
  return (remainder ^ 0xffffffff) >>> 0
}
