/** Decodes a PNG or JPEG to a given size and number of channels. */
import sharp from 'sharp'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'
import type { PictureSize } from './picture-decoder.js'

// Untrusted files only reach the decoders of PNG and JPEG.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg'] })
sharp.cache(false)
sharp.concurrency(1)

type Limits = Pick<ReadingLimits, 'imagePixels'>

/** @throws DatasetError when the bytes are not a PNG or JPEG, are corrupt, or have too many pixels */
export async function pictureSize(bytes: Buffer, name: string, limits: Limits): Promise<PictureSize> {
  const { metadata } = await open(bytes, name, limits)
  const isGrey = metadata.space === 'b-w' || metadata.space === 'grey16'
  return { ...metadata.autoOrient, channels: isGrey ? 1 : 3 }
}

/**
 * Decodes an image as [height, width, channels] bytes. Transparent pixels become white.
 * @throws DatasetError like `pictureSize`
 */
export async function decodePicture(
  bytes: Buffer,
  name: string,
  { width, height, channels }: PictureSize,
  limits: Limits,
): Promise<Buffer> {
  const { picture, metadata } = await open(bytes, name, limits)
  try {
    // Converts 16 bits to 8 first, because `flatten` otherwise rounds white to 254.
    const shallow = metadata.depth === 'ushort' ? picture.pipelineColourspace('srgb') : picture
    const pixels = await shallow
      .autoOrient()
      .flatten({ background: 'white' })
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer()
    if (pixels.length === width * height * channels) return pixels
    throw invalid(`${quoted(name)} has ${pixels.length} values, not ${width} × ${height} × ${channels}`)
  } catch (error) {
    throw toImageError(name, error)
  }
}

async function open(bytes: Buffer, name: string, limits: Limits) {
  const isPicture =
    bytes.subarray(0, 4).equals(Buffer.from('\x89PNG', 'latin1')) ||
    bytes.subarray(0, 3).equals(Buffer.from('\xff\xd8\xff', 'latin1'))
  if (!isPicture) throw invalid(`${quoted(name)} is not a PNG or JPEG file`)
  try {
    const picture = sharp(bytes, { limitInputPixels: false, failOn: 'error' })
    const metadata = await picture.metadata()
    const { width, height } = metadata
    if (width * height > limits.imagePixels) {
      throw limitExceeded(limits, 'imagePixels', `${quoted(name)} has ${width} × ${height} pixels`)
    }
    return { picture, metadata }
  } catch (error) {
    throw toImageError(name, error)
  }
}

/** Converts an error of sharp to an error of the image. */
function toImageError(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'DatasetError') return error
  return invalid(`${quoted(name)} cannot be decoded: ${error.message.slice(0, 200)}`)
}
