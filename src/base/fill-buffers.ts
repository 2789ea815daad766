/**
 * Copies chunks into buffers, one after the other. Ignores bytes after the last buffer.
 * @returns the number of bytes received, including ignored ones
 */
export async function fillBuffers(
  buffers: readonly Uint8Array[],
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let bytes = 0
  let index = 0
  let filled = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    for (let start = 0; start < chunk.length && index < buffers.length; ) {
      const space = buffers[index].length - filled
      const part = chunk.subarray(start, start + space)
      buffers[index].set(part, filled)
      start += part.length
      filled += part.length
      if (filled < buffers[index].length) continue
      index += 1
      filled = 0
    }
  }
  return bytes
}
