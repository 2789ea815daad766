/** From uploaded files of any format to one way of reading them. */
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
  /** As the client calls it; never used as a path. */
  name: string
  contentType?: string | undefined
}

export interface FormatOptions extends CsvOptions, ImageOptions {
  /** Names of the arrays in an .npz: features, then labels. */
  arrays?: string[] | undefined
}

interface FoundFile extends UploadedFile {
  format: FormatName
}

const headBytes = 64

/**
 * Unpacks what is packed into `folder`, which is the caller's to remove.
 * @throws DatasetError when a file is not what it claims to be, cannot be read, or does not fit the others
 */
export async function openFiles(
  files: readonly UploadedFile[],
  folder: string,
  options: FormatOptions,
  limits: ReadingLimits,
): Promise<Read> {
  const found: FoundFile[] = []
  for (const [index, file] of files.entries()) {
    found.push(await unpack(file, join(folder, `unpacked-${index}`), limits))
  }
  const [first, second] = found
  if (first === undefined) throw invalid('there is no file in the upload')
  const all = async (format: FormatName, open: (path: string, name: string) => Promise<ArrayFile>) =>
    found.every((file) => file.format === format)
      ? Promise.all(found.map(({ path, name }) => open(path, withoutExtension(name))))
      : undefined
  const idx = await all('idx', openIdx)
  if (idx !== undefined) return ofArrays(pairIdx(idx), limits)
  const npy = await all('npy', openNpy)
  if (npy !== undefined) return ofArrays(pairArrays(npy, options.arrays), limits)
  if (second !== undefined) {
    throw invalid(
      `there are ${found.length} files, ${quoted(first.name)} being ${uploadFormats[first.format].title} and ${quoted(second.name)} ${uploadFormats[second.format].title}: ` +
        'only IDX and NumPy arrays come as several files',
    )
  }
  if (first.format === 'zip') return openZip(first, folder, options, limits)
  return readOf(first, options, limits)
}

function readOf({ format, path, name }: FoundFile, options: FormatOptions, limits: ReadingLimits): Read {
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
        `${quoted(name)} is ${uploadFormats[format].title} within another file, which is not read`,
      )
    default:
      return format satisfies never
  }
}

function ofArrays(arrays: Arrays, limits: ReadingLimits): Read {
  return (reading: ReadOptions = {}) => readArrays(arrays, limits, reading)
}

async function identify(file: UploadedFile): Promise<FoundFile> {
  const head = await readHead(file.path, headBytes)
  if (head.length === 0) throw invalid(`${quoted(file.name)} is empty`)
  return { ...file, format: detectFormat(head, file) }
}

/** Of a .gz, the file within. */
async function unpack(file: UploadedFile, to: string, limits: ReadingLimits): Promise<FoundFile> {
  const head = await readHead(file.path, 2)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return identify(file)
  await gunzip(file.path, to, quoted(file.name), limits)
  const contentType = file.contentType?.includes('gzip') ? undefined : file.contentType
  return identify({ path: to, name: file.name.replace(/\.gz$/i, ''), contentType })
}

/** A ZIP holds pictures, or NumPy arrays, or one file of another format. */
async function openZip(
  zip: FoundFile,
  folder: string,
  options: FormatOptions,
  limits: ReadingLimits,
): Promise<Read> {
  const archive = await Archive.open(zip.path, quoted(zip.name), limits)
  try {
    const { files } = archive
    if (files.length === 0) throw invalid(`${quoted(zip.name)} holds no files`)
    if (files.some(({ name }) => isPictureName(name))) return ofPictures(zip, options, limits)
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
      return ofArrays(pairArrays(arrays, options.arrays), limits)
    }
    if (files.length === 1) {
      const [file] = files
      return readOf(await identify({ path: await extract(file, 0), name: file.name }), options, limits)
    }
    throw invalid(
      `${quoted(zip.name)} holds ${files.length} files, the first being ${quoted(files[0].name)}: pictures in one folder a class, NumPy arrays or one single file are expected`,
    )
  } finally {
    archive.close()
  }
}

function ofPictures(zip: FoundFile, options: ImageOptions, limits: ReadingLimits): Read {
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
