/** Reads the images of an archive as rows of pixels. The name of the folder is the class. */
import type { Archive, ArchiveFile } from './archive.js'
import type { Piece, SourceColumn } from './batch.js'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'

export interface ImageOptions {
  /** The size of the stored images; default: the size of the first. */
  width?: number | undefined
  height?: number | undefined
  /** 1 is grey, 3 is RGB; default: the channels of the first. */
  channels?: 1 | 3 | undefined
}

const valuesInBatch = 512 * 1024
/** Images decoded at a time. More than the decoding threads only use memory. */
const concurrentImages = 8

export const isPictureName = (name: string) => /\.(png|jpe?g)$/i.test(name)

interface Picture {
  file: ArchiveFile
  className: string
}

/** @throws DatasetError naming the file that is in no folder or cannot be decoded, or the limit exceeded */
export async function* readImages(
  archive: Archive,
  options: ImageOptions,
  limits: ReadingLimits,
): AsyncGenerator<Piece> {
  const files = archive.files.filter(({ name }) => isPictureName(name))
  const others = archive.files.filter(({ name }) => !isPictureName(name))
  const images = files.map((file): Picture => ({ file, className: className(file.name) }))
  if (images.length > limits.rows)
    throw limitExceeded(limits, 'rows', `the archive has ${images.length} images`)
  // Only for images: loading the decoder would take a third of the start of every reading process.
  const { decodePicture, pictureSize } = await import('./picture.js')
  const first = images[0].file
  const firstSize = await pictureSize(await archive.read(first), first.name, limits)
  const size = {
    width: options.width ?? firstSize.width,
    height: options.height ?? firstSize.height,
    channels: options.channels ?? firstSize.channels,
  }
  const pixels = size.width * size.height * size.channels
  if (pixels + 1 > limits.columns) {
    const shape = `${size.width} × ${size.height} × ${size.channels}`
    throw limitExceeded(
      limits,
      'columns',
      `images of ${shape} have ${pixels} columns plus one for the class (?width= and ?height= reduce them)`,
    )
  }
  const columns: SourceColumn[] = Array.from({ length: pixels }, (_, position) => {
    return { name: `x${position + 1}`, suggestedType: 'number' }
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
              `${others.length === 1 ? '1 file was' : `${others.length} files were`} skipped because only PNG and JPEG are read.`,
            ],
    },
  }
  const decode = async (file: ArchiveFile) => decodePicture(await archive.read(file), file.name, size, limits)
  const step = Math.max(1, Math.floor(valuesInBatch / pixels))
  for (let start = 0; start < images.length; start += step) {
    const rows = Math.min(step, images.length - start)
    const values = new Float64Array(rows * pixels)
    for (let row = 0; row < rows; row += concurrentImages) {
      const group = images.slice(start + row, start + Math.min(rows, row + concurrentImages))
      const decoded = await Promise.all(group.map(({ file }) => decode(file)))
      for (const [index, bytes] of decoded.entries()) spread(bytes, size.channels, values, row + index, rows)
    }
    const cells = columns.slice(0, pixels).map((_, position) => ({
      type: 'number' as const,
      values: values.subarray(position * rows, (position + 1) * rows),
    }))
    const labels = images.slice(start, start + rows).map(({ className }) => className)
    yield { type: 'batch', batch: { rows, columns: [...cells, { type: 'text', cells: labels }] } }
  }
}

/** Copies pixels, which have channels last, into columns, which have channels first. */
function spread(bytes: Buffer, channels: number, values: Float64Array, row: number, rows: number): void {
  const area = bytes.length / channels
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      values[(channel * area + pixel) * rows + row] = bytes[pixel * channels + channel]
    }
  }
}

function className(name: string): string {
  const folder = name.split('/').at(-2)
  if (folder !== undefined && folder !== '') return folder
  throw invalid(`${quoted(name)} is not in a folder: the name of the folder is the class of an image`)
}
