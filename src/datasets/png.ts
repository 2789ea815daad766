/** Encodes PNG images (W3C, Portable Network Graphics) with 8 bits per channel and no filter. */

import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import type { ImageFormat } from '../contract/dataset.js'

const signature = Buffer.of(137, 80, 78, 71, 13, 10, 26, 10)
const colourTypes = { 1: 0, 3: 2 } as const

/**
 * Compresses off the event loop.
 * @param pixels [height, width, channels], one byte each
 */
export async function encodePng(
  pixels: Uint8Array,
  { width, height, channels }: ImageFormat,
): Promise<Buffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.writeUInt8(8, 8)
  header.writeUInt8(colourTypes[channels], 9)
  const line = width * channels
  // Each line starts with its filter type, where 0 is none.
  const lines = Buffer.alloc(height * (line + 1))
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * line, (y + 1) * line), y * (line + 1) + 1)
  const data = await promisify(deflate)(lines)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(content.length + 8)
  framed.writeUInt32BE(data.length, 0)
  content.copy(framed, 4)
  framed.writeUInt32BE(crc32(content), content.length + 4)
  return framed
}
