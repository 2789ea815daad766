/** Opens uploaded files of any format for reading. */
import { join } from 'node:path'
import { type FormatName, uploadFormats } from '../../contract/upload.js'
import { Archive, type ArchiveFile } from './archive.js'
import type { ArrayFile } from './array-file.js'
import { type Arrays, readArrays } from './arrays.js'
import type { Piece, Read, ReadOptions } from './batch.js'
import { type CsvOptions, readCsv } from './csv.js'
import { readHead } from './file-head.js'
import { detectFormat } from './format.js'
import { openIdx, pairIdx } from './idx.js'
import { type ImageOptions, isPictureName, readImages } from './images.js'
import { readJsonLines } from './json-lines.js'
import { invalid, quoted, type ReadingLimits } from './limits.js'
import { pairArrays } from './named-arrays.js'
import { openNpy } from './npy.js'
import { readParquet } from './parquet.js'
import { gunzip } from './unpack.js'

export interface UploadedFile {
  path: string
  /** The name by the client, never used as a path. */
  name: string
  contentType?: string | undefined
}

export interface FormatOptions extends CsvOptions, ImageOptions {
  /** The names of the arrays with the features and the labels. */
  arrays?: string[] | undefined
}

interface DetectedFile extends UploadedFile {
  format: FormatName
}

const headBytes = 64

/**
 * Unpacks archives into `folder`, which the caller removes.
 * @throws DatasetError when a file has another format than claimed, cannot be read, or does not match the
 *   others
 */
export async function openFiles(
  files: readonly UploadedFile[],
  folder: string,
  options: FormatOptions,
  limits: ReadingLimits,
): Promise<Read> {
  const detected: DetectedFile[] = []
  for (const [index, file] of files.entries()) {
    detected.push(await unpack(file, join(folder, `unpacked-${index}`), limits))
  }
  const [first, second] = detected
  if (first === undefined) throw invalid('the upload has no file')
  const openAll = async (format: FormatName, open: (path: string, name: string) => Promise<ArrayFile>) =>
    detected.every((file) => file.format === format)
      ? Promise.all(detected.map(({ path, name }) => open(path, withoutExtension(name))))
      : undefined
  const idx = await openAll('idx', openIdx)
  if (idx !== undefined) return arrayReader(pairIdx(idx), limits)
  const npy = await openAll('npy', openNpy)
  if (npy !== undefined) return arrayReader(pairArrays(npy, options.arrays), limits)
  if (second !== undefined) {
    throw invalid(
      `there are ${detected.length} files: ${quoted(first.name)} is ${uploadFormats[first.format].title}, ${quoted(second.name)} is ${uploadFormats[second.format].title}. ` +
        'Only IDX and NumPy arrays may have several files',
    )
  }
  if (first.format === 'zip') return openZip(first, folder, options, limits)
  return fileReader(first, options, limits)
}

function fileReader(
  { format, path, name }: DetectedFile,
  options: FormatOptions,
  limits: ReadingLimits,
): Read {
  switch (format) {
    case 'delimited':
      return (reading: ReadOptions = {}) => readCsv(path, limits, options, reading)
    case 'jsonLines':
      return (reading: ReadOptions = {}) => readJsonLines(path, limits, reading)
    case 'parquet':
      return (reading: ReadOptions = {}) => readParquet(path, name, limits, reading)
    case 'npy':
    case 'idx':
    case 'zip':
    case 'gzip':
      throw invalid(
        `${quoted(name)} is ${uploadFormats[format].title} in another archive, which is not supported`,
      )
    default:
      return format satisfies never
  }
}

function arrayReader(arrays: Arrays, limits: ReadingLimits): Read {
  return (reading: ReadOptions = {}) => readArrays(arrays, limits, reading)
}

async function identify(file: UploadedFile): Promise<DetectedFile> {
  const head = await readHead(file.path, headBytes)
  if (head.length === 0) throw invalid(`${quoted(file.name)} is empty`)
  return { ...file, format: detectFormat(head, file) }
}

/** Unpacks a gzip file. Other files are not changed. */
async function unpack(file: UploadedFile, to: string, limits: ReadingLimits): Promise<DetectedFile> {
  const head = await readHead(file.path, 2)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return identify(file)
  await gunzip(file.path, to, quoted(file.name), limits)
  const contentType = file.contentType?.includes('gzip') ? undefined : file.contentType
  return identify({ path: to, name: file.name.replace(/\.gz$/i, ''), contentType })
}

/** Opens a ZIP archive of images, of NumPy arrays, or of a single file. */
async function openZip(
  zip: DetectedFile,
  folder: string,
  options: FormatOptions,
  limits: ReadingLimits,
): Promise<Read> {
  const archive = await Archive.open(zip.path, quoted(zip.name), limits)
  try {
    const { files } = archive
    if (files.length === 0) throw invalid(`${quoted(zip.name)} has no files`)
    if (files.some(({ name }) => isPictureName(name))) return imageReader(zip, options, limits)
    if (files.some(({ name }) => name === '[Content_Types].xml')) {
      throw invalid(`${quoted(zip.name)} is an Office document: save the table as CSV`)
    }
    const extract = async (file: ArchiveFile, index: number) => {
      const path = join(folder, `extracted-${index}`)
      await archive.extract(file, path)
      return path
    }
    if (files.every(({ name }) => name.endsWith('.npy'))) {
      const arrays: ArrayFile[] = []
      for (const [index, file] of files.entries()) {
        arrays.push(await openNpy(await extract(file, index), withoutExtension(file.name)))
      }
      return arrayReader(pairArrays(arrays, options.arrays), limits)
    }
    if (files.length === 1) {
      const [file] = files
      return fileReader(await identify({ path: await extract(file, 0), name: file.name }), options, limits)
    }
    throw invalid(
      `${quoted(zip.name)} has ${files.length} files, such as ${quoted(files[0].name)}: use images with one folder per class, NumPy arrays, or a single file`,
    )
  } finally {
    archive.close()
  }
}

function imageReader(zip: DetectedFile, options: ImageOptions, limits: ReadingLimits): Read {
  return async function* (): AsyncGenerator<Piece> {
    const archive = await Archive.open(zip.path, quoted(zip.name), limits)
    try {
      yield* readImages(archive, options, limits)
    } finally {
      archive.close()
    }
  }
}

const withoutExtension = (name: string) => name.replace(/\.npy$/, '')
