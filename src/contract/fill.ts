/** Puts chunks into memory as they come. */

/**
 * Fills the places in their order, each as far as the chunks reach; what is too much is left out.
 * @returns how many bytes came
 */
export async function fill(
  places: readonly Uint8Array[],
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let bytes = 0
  let place = 0
  let filled = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    for (let start = 0; start < chunk.length && place < places.length; ) {
      const room = places[place].length - filled
      const part = chunk.subarray(start, start + room)
      places[place].set(part, filled)
      start += part.length
      filled += part.length
      if (filled < places[place].length) continue
      place += 1
      filled = 0
    }
  }
  return bytes
}
