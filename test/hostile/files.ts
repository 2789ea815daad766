/** Small files that are large, damaged or of another format when they are opened. */
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'

interface ZipFile {
  name: string
  content: Uint8Array
  /** The unpacked size in the header; the true size by default. */
  claimedBytes?: number
}

/** A ZIP after APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16; names are not escaped. */
export function zip(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, claimedBytes = content.length } of files) {
    const packed = deflateRawSync(content)
    const nameBytes = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x800, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(claimedBytes, 18)
    common.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, packed])
    const centralFields = Buffer.alloc(14)
    centralFields.writeUInt32LE(offset, 10)
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, centralFields, nameBytes]),
    )
    parts.push(local)
    offset += local.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  )
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** A grey picture with these sizes in its header, and with this number of black bytes. */
export function png(width: number, height: number, bytes = height * (width + 1)): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const magic = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const data = deflateSync(Buffer.alloc(bytes))
  return Buffer.concat([
    magic,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** One gigabyte of one character, as a sequence of gzip members. */
export function gigabyteGzip(character: string): Buffer {
  const member = gzipSync(Buffer.alloc(2 ** 24, character))
  return Buffer.concat(Array.from({ length: 64 }, () => member))
}

/** The subset of Thrift's compact protocol in a Parquet footer: int32, int64 (bigint), binary, list and struct. */
type Thrift = number | bigint | string | Thrift[] | { [field: number]: Thrift }

function varint(value: number | bigint): number[] {
  const bytes = []
  let rest = BigInt(value)
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

function kindOf(value: Thrift): number {
  if (typeof value === 'number') return 5
  if (typeof value === 'bigint') return 6
  if (typeof value === 'string') return 8
  return Array.isArray(value) ? 9 : 12
}

function thrift(value: Thrift): number[] {
  if (typeof value === 'number') return varint(value * 2)
  if (typeof value === 'bigint') return varint(value * 2n)
  if (typeof value === 'string') return [...varint(value.length), ...Buffer.from(value)]
  if (Array.isArray(value)) {
    const kind = value.length === 0 ? 6 : kindOf(value[0])
    const head = value.length < 15 ? [(value.length << 4) | kind] : [0xf0 | kind, ...varint(value.length)]
    return [...head, ...value.flatMap(thrift)]
  }
  const bytes: number[] = []
  let last = 0
  for (const [name, each] of Object.entries(value)) {
    bytes.push(((Number(name) - last) << 4) | kindOf(each), ...thrift(each))
    last = Number(name)
  }
  return [...bytes, 0]
}

/** The codes of codecs and encodings in Parquet. */
const uncompressed = 0
const zstandard = 6
const plain = 0
const dictionary = 8

interface ParquetPage {
  /** The value in its header. */
  values: number
  unpackedBytes: number
  encoding?: number
  content: Buffer
}

/**
 * A Parquet file with two int32 columns and this number of rows in its footer. Its pages unpack to `pageBytes` each. Both
 * columns have the same page (parquet.thrift: FileMetaData, SchemaElement, RowGroup, ColumnMetaData, PageHeader).
 */
export function parquet(rows: number, pageBytes: number, page?: ParquetPage): Buffer {
  const bytes = page === undefined ? Buffer.alloc(16) : pageOf(page)
  const codec = page?.encoding === undefined ? zstandard : uncompressed
  const column = (name: string) => ({
    2: 4n,
    3: {
      1: 1,
      2: [0],
      3: [name],
      4: codec,
      5: BigInt(rows),
      6: BigInt(pageBytes),
      7: BigInt(bytes.length),
      9: 4n,
    },
  })
  const footer = Buffer.from(
    thrift({
      1: 1,
      2: [
        { 4: 'schema', 5: 2 },
        { 1: 1, 3: 0, 4: 'a' },
        { 1: 1, 3: 0, 4: 'b' },
      ],
      3: BigInt(rows),
      4: [{ 1: [column('a'), column('b')], 2: BigInt(2 * pageBytes), 3: BigInt(rows) }],
    }),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([Buffer.from('PAR1'), bytes, footer, length, Buffer.from('PAR1')])
}

function pageOf({ values, unpackedBytes, encoding = plain, content }: ParquetPage): Buffer {
  const header = thrift({
    1: 0,
    2: unpackedBytes,
    3: content.length,
    5: { 1: values, 2: encoding, 3: 3, 4: 3 },
  })
  return Buffer.concat([Buffer.from(header), content])
}

/** A page that repeats one value two billion times, with dictionary codes of zero bits. */
export const endlessPage: ParquetPage = {
  values: 2 ** 31 - 1,
  unpackedBytes: 1,
  encoding: dictionary,
  content: Buffer.from([0]),
}

/** A page of 1,000 values, with a run that repeats a dictionary code of one bit two billion times. */
export const endlessRun: ParquetPage = {
  values: 1_000,
  unpackedBytes: 7,
  encoding: dictionary,
  content: Buffer.from([1, ...varint((2 ** 31 - 1) * 2), 0]),
}

/** Zeros in the smallest Zstandard encoding: blocks of 128 KiB in four bytes each (RFC 8878, section 3.1.1). */
export function zstandardZeros(bytes: number): Buffer {
  const blockBytes = 2 ** 17
  const blocks = Math.ceil(bytes / blockBytes)
  const packed = Buffer.alloc(6 + 4 * blocks)
  packed.writeUInt32LE(0xfd2fb528)
  // Neither size nor checksum; a window of 128 KiB.
  packed[5] = 7 << 3
  for (let block = 0; block < blocks; block++) {
    const isLast = block === blocks - 1 ? 1 : 0
    const size = Math.min(blockBytes, bytes - block * blockBytes)
    packed.writeUIntLE(isLast | (1 << 1) | (size << 3), 6 + 4 * block, 3)
  }
  return packed
}

/** A multipart form of files (RFC 7578); file names are not escaped. */
export function form(files: readonly { name: string; type?: string; content: string | Uint8Array }[]): {
  type: string
  body: Buffer
} {
  const parts = files.flatMap(({ name, type = 'application/octet-stream', content }) => [
    Buffer.from(
      `--limit\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: ${type}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return {
    type: 'multipart/form-data; boundary=limit',
    body: Buffer.concat([...parts, Buffer.from('--limit--\r\n')]),
  }
}
