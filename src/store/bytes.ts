/** Large values lie in rows of at most 4 MiB each, so that no single message to the database grows without bound. */
export const chunkBytes = 4 * 1024 * 1024

export function cut(bytes: Uint8Array): { index: number; bytes: Uint8Array<ArrayBuffer> }[] {
  const chunks = []
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    chunks.push({ index: chunks.length, bytes: bytes.slice(start, start + chunkBytes) })
  }
  return chunks
}

/** Chunks must come in the order of their index. */
export function join(chunks: { bytes: Uint8Array }[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk.bytes, offset)
    offset += chunk.bytes.length
  }
  return joined
}
