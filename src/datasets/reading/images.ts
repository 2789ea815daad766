/** Pictures in an archive, one folder a class, as rows of pixels. */
import type { Archive, ArchiveFile } from './archive.js'
import type { Piece, SourceColumn } from './batch.js'
import { beyond, invalid, quoted, type ReadingLimits } from './limits.js'
import { decodePicture, pictureSize } from './picture.js'

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
  const first = pictures[0].file
  const found = await pictureSize(await archive.read(first), first.name, limits)
  const size = {
    width: options.width ?? found.width,
    height: options.height ?? found.height,
    channels: options.channels ?? found.channels,
  }
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
  const decode = async (file: ArchiveFile) => decodePicture(await archive.read(file), file.name, size, limits)
  const step = Math.max(1, Math.floor(valuesInBatch / pixels))
  for (let start = 0; start < pictures.length; start += step) {
    const rows = Math.min(step, pictures.length - start)
    const values = new Float64Array(rows * pixels)
    for (let row = 0; row < rows; row += picturesAtATime) {
      const group = pictures.slice(start + row, start + Math.min(rows, row + picturesAtATime))
      const decoded = await Promise.all(group.map(({ file }) => decode(file)))
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
