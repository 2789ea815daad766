/** Pictures in an archive, one folder a class, as rows of pixels. */
import sharp from 'sharp'
import type { Archive, ArchiveFile } from './archive.js'
import type { Piece, SourceColumn } from './batch.js'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'

export interface ImageOptions {
  /** Of the pictures as they are stored; those of the first one when left out. */
  width?: number | undefined
  height?: number | undefined
  /** 1: grey, 3: red, green and blue; as the first one has when left out. */
  channels?: 1 | 3 | undefined
}

const valuesInBatch = 512 * 1024
/** Decoded at a time; more than the threads that decode would only take memory. */
const picturesAtATime = 8

// Files from strangers meet the two decoders that they are meant for, and none of the other formats'.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg'] })
sharp.cache(false)
sharp.concurrency(1)

export const isPictureName = (name: string) => /\.(png|jpe?g)$/i.test(name)

interface Picture {
  file: ArchiveFile
  className: string
}

/** @throws DatasetError naming the file that lies in no folder, is no picture or is broken, or the limit that was passed */
export async function* readImages(
  archive: Archive,
  options: ImageOptions,
  limits: ReadingLimits,
): AsyncGenerator<Piece> {
  const files = archive.files.filter(({ name }) => isPictureName(name))
  const others = archive.files.filter(({ name }) => !isPictureName(name))
  const pictures = files.map((file): Picture => ({ file, className: classOf(file.name) }))
  if (pictures.length > limits.rows)
    throw beyond(limits, 'rows', `the archive has ${pictures.length} pictures`)
  const first = await open(archive, pictures[0].file, limits)
  const { metadata } = first
  const size = {
    width: options.width ?? metadata.autoOrient.width,
    height: options.height ?? metadata.autoOrient.height,
    channels: options.channels ?? (metadata.space === 'b-w' || metadata.space === 'grey16' ? 1 : 3),
  } as const
  const pixels = size.width * size.height * size.channels
  if (pixels + 1 > limits.columns) {
    const shape = `${size.width} × ${size.height} × ${size.channels}`
    throw beyond(
      limits,
      'columns',
      `pictures of ${shape} have ${pixels} columns, and their class one more; ?width= and ?height= make them smaller`,
    )
  }
  const columns: SourceColumn[] = Array.from({ length: pixels }, (_, place) => {
    return { name: `x${place + 1}`, suggestedType: 'number' }
  })
  columns.push({ name: 'label', suggestedRole: 'target', suggestedType: 'category' })
  yield {
    type: 'source',
    source: {
      columns,
      inputShape: [size.channels, size.height, size.width],
      image: size,
      isTyped: true,
      warnings:
        others.length === 0
          ? []
          : [
              `${others.length === 1 ? '1 file that is' : `${others.length} files that are`} no PNG or JPEG were left out.`,
            ],
    },
  }
  const step = Math.max(1, Math.floor(valuesInBatch / pixels))
  for (let start = 0; start < pictures.length; start += step) {
    const rows = Math.min(step, pictures.length - start)
    const values = new Float64Array(rows * pixels)
    for (let row = 0; row < rows; row += picturesAtATime) {
      const group = pictures.slice(start + row, start + Math.min(rows, row + picturesAtATime))
      const decoded = await Promise.all(group.map(({ file }) => decode(archive, file, size, limits)))
      for (const [index, bytes] of decoded.entries()) spread(bytes, size.channels, values, row + index, rows)
    }
    const cells = columns.slice(0, pixels).map((_, place) => ({
      type: 'number' as const,
      values: values.subarray(place * rows, (place + 1) * rows),
    }))
    const labels = pictures.slice(start, start + rows).map(({ className }) => className)
    yield { type: 'batch', batch: { rows, columns: [...cells, { type: 'text', cells: labels }] } }
  }
}

/** From pixels with their channels side by side to columns, channels first. */
function spread(bytes: Buffer, channels: number, values: Float64Array, row: number, rows: number): void {
  const area = bytes.length / channels
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      values[(channel * area + pixel) * rows + row] = bytes[pixel * channels + channel]
    }
  }
}

function classOf(name: string): string {
  const folder = name.split('/').at(-2)
  if (folder !== undefined && folder !== '') return folder
  throw invalid(`${quoted(name)} lies in no folder: the name of its folder is a picture's class`)
}

async function open(archive: Archive, file: ArchiveFile, limits: ReadingLimits) {
  const bytes = await archive.read(file)
  const isPicture =
    bytes.subarray(0, 4).equals(Buffer.from('\x89PNG', 'latin1')) ||
    bytes.subarray(0, 3).equals(Buffer.from('\xff\xd8\xff', 'latin1'))
  if (!isPicture) throw invalid(`${quoted(file.name)} is neither PNG nor JPEG, whatever its name says`)
  try {
    const picture = sharp(bytes, { limitInputPixels: false, failOn: 'error' })
    const metadata = await picture.metadata()
    const { width, height } = metadata
    if (width * height > limits.imagePixels) {
      throw beyond(limits, 'imagePixels', `${quoted(file.name)} has ${width} × ${height} pixels`)
    }
    return { picture, metadata }
  } catch (error) {
    throw inWords(file, error)
  }
}

async function decode(
  archive: Archive,
  file: ArchiveFile,
  { width, height, channels }: { width: number; height: number; channels: 1 | 3 },
  limits: ReadingLimits,
): Promise<Buffer> {
  const { picture, metadata } = await open(archive, file, limits)
  try {
    // White of 16 bits is rounded to 254 of grey, unless the picture has 8 bits before it is flattened.
    const shallow = metadata.depth === 'ushort' ? picture.pipelineColourspace('srgb') : picture
    const bytes = await shallow
      .autoOrient()
      .flatten({ background: 'white' })
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer()
    if (bytes.length === width * height * channels) return bytes
    throw invalid(`${quoted(file.name)} has ${bytes.length} values, not ${width} × ${height} × ${channels}`)
  } catch (error) {
    throw inWords(file, error)
  }
}

/** What sharp says of a broken picture. */
function inWords(file: ArchiveFile, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'DatasetError') return error
  return invalid(`${quoted(file.name)} cannot be decoded: ${error.message.slice(0, 200)}`)
}
