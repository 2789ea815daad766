/** One PNG or JPEG as bytes of the size and channels that are wanted. */
import sharp from 'sharp'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'
import type { PictureSize } from './picture-decoder.js'

// Files from strangers meet the two decoders that they are meant for, and none of the other formats'.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg'] })
sharp.cache(false)
sharp.concurrency(1)

type Limits = Pick<ReadingLimits, 'imagePixels'>

/** @throws DatasetError when the bytes, called `name`, are no PNG or JPEG, are broken, or have too many pixels */
export async function pictureSize(bytes: Buffer, name: string, limits: Limits): Promise<PictureSize> {
  const { metadata } = await open(bytes, name, limits)
  const isGrey = metadata.space === 'b-w' || metadata.space === 'grey16'
  return { ...metadata.autoOrient, channels: isGrey ? 1 : 3 }
}

/**
 * height × width × channels bytes, row by row, the channels of a pixel side by side; over white where it is transparent.
 * @throws DatasetError as `pictureSize` does
 */
export async function decodePicture(
  bytes: Buffer,
  name: string,
  { width, height, channels }: PictureSize,
  limits: Limits,
): Promise<Buffer> {
  const { picture, metadata } = await open(bytes, name, limits)
  try {
    // White of 16 bits is rounded to 254 of grey, unless the picture has 8 bits before it is flattened.
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
    throw inWords(name, error)
  }
}

async function open(bytes: Buffer, name: string, limits: Limits) {
  const isPicture =
    bytes.subarray(0, 4).equals(Buffer.from('\x89PNG', 'latin1')) ||
    bytes.subarray(0, 3).equals(Buffer.from('\xff\xd8\xff', 'latin1'))
  if (!isPicture) throw invalid(`${quoted(name)} is neither PNG nor JPEG, whatever its name says`)
  try {
    const picture = sharp(bytes, { limitInputPixels: false, failOn: 'error' })
    const metadata = await picture.metadata()
    const { width, height } = metadata
    if (width * height > limits.imagePixels) {
      throw beyond(limits, 'imagePixels', `${quoted(name)} has ${width} × ${height} pixels`)
    }
    return { picture, metadata }
  } catch (error) {
    throw inWords(name, error)
  }
}

/** What sharp says of a broken picture. */
function inWords(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'DatasetError') return error
  return invalid(`${quoted(name)} cannot be decoded: ${error.message.slice(0, 200)}`)
}
