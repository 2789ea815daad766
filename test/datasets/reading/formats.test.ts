/** Reads files of other programs: NumPy, parquet-wasm (Rust), Info-ZIP, ImageMagick, gzip. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Files, type Reading, readFiles, rowsOf } from './read-files.js'

const file = (name: string) => readFileSync(new URL(`./files/${name}`, import.meta.url))
const named = (...names: string[]): Files => Object.fromEntries(names.map((name) => [name, file(name)]))

describe('Parquet', () => {
  test.each(['snappy', 'zstd', 'gzip'])('compressed with %s, in two row groups', async (packing) => {
    const { source, columns } = await readFiles(named(`${packing}.parquet`))
    expect(source.columns.map(({ name }) => name)).toEqual([
      'whole',
      'real',
      'flag',
      'word',
      'at',
      '__proto__x',
    ])
    expect(columns).toEqual([
      [1, -2, null],
      [0.5, null, 1e300],
      ['true', 'false', null],
      ['grün', '=cmd|x', null],
      ['1970-01-01T00:00:00.000Z', '1970-01-02T00:00:00.000Z', null],
      [1, 2, 3],
    ])
  })

  test('lists are refused', async () => {
    await expect(readFiles(named('lists.parquet'))).rejects.toThrow(/column "a": lists and objects/)
  })
})

describe('NumPy', () => {
  test('Fortran order, float32, big-endian', async () => {
    const read = await readFiles(named('fortran-float32-big-endian.npy'))
    expect(read.source.inputShape).toEqual([2, 3])
    expect(rowsOf(read)).toEqual(
      [0, 6, 12, 18].map((first) => [0, 1, 2, 3, 4, 5].map((step) => (first + step) / 4)),
    )
  })

  test('int64 and float16', async () => {
    expect(rowsOf(await readFiles(named('int64.npy')))).toEqual([
      [1, -2],
      [3, Number.MAX_SAFE_INTEGER],
    ])
    expect(rowsOf(await readFiles(named('float16.npy')))).toEqual([
      [0.5, -65504],
      [2 ** -24, null],
    ])
  })

  test('images with channels last, and labels, of the training part', async () => {
    const read = await readFiles(named('train-and-test.npz'))
    expect(read.source).toMatchObject({
      inputShape: [3, 2, 2],
      image: { width: 2, height: 2, channels: 3 },
      warnings: [expect.stringContaining('?arrays=')],
    })
    expect(read.source.columns.at(-1)).toEqual({
      name: 'label',
      suggestedRole: 'target',
      suggestedType: 'category',
    })
    expect(rowsOf(read)[1]).toEqual([12, 15, 18, 21, 13, 16, 19, 22, 14, 17, 20, 23, 1])
    const test = await readFiles(named('train-and-test.npz'), { options: { arrays: ['x_test', 'y_test'] } })
    expect(test.rows).toBe(2)
  })

  test('labels that are texts', async () => {
    expect(rowsOf(await readFiles(named('words.npz')))).toEqual([
      [1.5, 2, 'grün'],
      [3, 4, 'red'],
    ])
  })

  test.each([['records.npy', /several fields/]])('%s is refused', async (name, message) => {
    await expect(readFiles(named(name))).rejects.toThrow(message)
  })
})

test('integers that a float64 rounds are read as texts', async () => {
  const read = await readFiles(named('unsafe-integer.npy'))
  expect(rowsOf(read).flat().map(String)).toContain('9007199254740993')
})

describe('IDX', () => {
  test('images and labels, one of them compressed, in any order', async () => {
    for (const names of [
      ['images-idx3-ubyte', 'labels-idx1-ubyte.gz'],
      ['labels-idx1-ubyte.gz', 'images-idx3-ubyte'],
    ]) {
      const read = await readFiles(named(...names))
      expect(read.source).toMatchObject({
        inputShape: [1, 2, 2],
        image: { width: 2, height: 2, channels: 1 },
      })
      expect(rowsOf(read)).toEqual([
        [0, 20, 40, 60, 7],
        [80, 100, 120, 140, 0],
        [160, 180, 200, 220, 7],
      ])
    }
  })

  test('one without the other is refused', async () => {
    await expect(readFiles(named('images-idx3-ubyte'))).rejects.toThrow(/1 of data and 0 of labels/)
  })
})

describe('images', () => {
  test('PNG and JPEG in colour, resized to the first', async () => {
    const read = await readFiles(named('pictures.zip'))
    expect(read.source).toMatchObject({ inputShape: [3, 4, 6], image: { width: 6, height: 4, channels: 3 } })
    const pixel = (row: number) => [0, 24, 48].map((channel) => read.columns[channel][row])
    const labels = read.columns[72]
    expect(pixel(labels.indexOf('dogs'))[2]).toBeGreaterThan(250)
    expect(pixel(labels.indexOf('dogs'))[0]).toBeLessThan(5)
    expect(labels.filter((label) => label === 'cats')).toHaveLength(2)
    expect(read.columns.slice(0, 72).every((cells) => cells[labels.indexOf('cats')] !== null)).toBe(true)
  })

  test('converted to grey and another size', async () => {
    const read = await readFiles(named('pictures.zip'), { options: { width: 2, height: 1, channels: 1 } })
    expect(read.source.inputShape).toEqual([1, 1, 2])
    expect(read.columns).toHaveLength(3)
    expect(read.columns[0].toSorted()).toContain(255)
  })

  test.each<[limit: string, request: Reading, message: RegExp]>([
    ['pixels', { limits: { imagePixels: 23 } }, /6 × 4 pixels; .*MAXIMUM_IMAGE_PIXELS/],
    ['columns', { limits: { columns: 72 } }, /72 columns.*\?width=/],
    ['entries', { limits: { archiveEntries: 2 } }, /MAXIMUM_ARCHIVE_ENTRIES/],
    ['unpacked bytes', { limits: { unpackedBytes: 100 } }, /MAXIMUM_UNPACKED_BYTES/],
  ])('too many %s', async (_, request, message) => {
    await expect(readFiles(named('pictures.zip'), request)).rejects.toThrow(message)
  })
})

describe('JSON lines', () => {
  test('names are columns, null and absent are missing, booleans are texts', async () => {
    const read = await readFiles({
      'a.jsonl': '{"a":1,"__proto__":"x"}\n\n{"b":true,"a":null}\r\n{"a":2.5,"b":"=cmd|x"}',
    })
    expect(read.source.columns.map(({ name }) => name)).toEqual(['a', '__proto__', 'b'])
    expect(rowsOf(read)).toEqual([
      [1, 'x', ''],
      [null, '', 'true'],
      [2.5, null, '=cmd|x'],
    ])
    expect(read.lines).toEqual([1, 3, 4])
    expect(Object.getPrototypeOf({})).not.toHaveProperty('x')
  })

  test.each([
    ['{"a":1}\n{"a":[1]}', /^line 2, column "a": lists and objects/],
    ['{"a":1}\n{"a":1e999}', /^line 2, column "a": the number is too large/],
    ['{"a":1}\n{"a":', /^line 2 is not valid JSON/],
    ['[{"a":1}] x', /^line 1: unexpected "x"; in a list of objects, the end of the file must follow/],
    ['[{"a":1},', /the file ends before the end of its list of objects/],
    ['[1]', /^line 1: unexpected "1"; in a list of objects, \{ or \] must follow/],
    ['{"a":1}\n3', /^line 2 is not an object/],
    [`{"a":1}\n${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, /^line 2, column "a": lists and objects/],
    ['{}', /the objects are empty/],
    [`{"a":"${'x'.repeat(1_001)}"}`, /MAXIMUM_CELL_LENGTH/],
    [`${'{"a":1}\n'.repeat(1_500_00)}`, /MAXIMUM_DATASET_ROWS/],
  ])('%.60s is refused', async (content, message) => {
    await expect(readFiles({ 'a.ndjson': content })).rejects.toThrow(message)
  })

  test('200,000 levels are refused at any line limit', async () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    await expect(readFiles({ 'a.jsonl': deep })).rejects.toThrow(/MAXIMUM_LINE_BYTES/)
    await expect(readFiles({ 'a.jsonl': deep }, { limits: { lineBytes: 1_000_000 } })).rejects.toThrow(
      /lists and objects|not valid JSON/,
    )
  })
})

describe('claims and packing', () => {
  test('text as gzip, and a gzip bomb', async () => {
    expect((await readFiles({ 'a.csv.gz': gzipSync('a,b\n1,2\n') })).rows).toBe(1)
    const zeros = gzipSync(Buffer.alloc(17 * 1024 * 1024, '0'))
    await expect(readFiles({ 'a.csv.gz': zeros })).rejects.toThrow(/MAXIMUM_UNPACKED_BYTES/)
    const wide = { limits: { unpackedBytes: 1e9 } }
    await expect(readFiles({ 'a.csv.gz': zeros }, wide)).rejects.toThrow(/more than 250 times/)
    await expect(readFiles({ 'a.csv.gz': gzipSync('a,b\n1,2\n').subarray(0, 15) })).rejects.toThrow(
      /cannot be unpacked/,
    )
  })

  test.each<[name: string, content: string | Uint8Array, contentType: string | undefined, message: RegExp]>([
    ['a.parquet', 'a,b\n1,2\n', undefined, /is not Parquet, although its name says so/],
    ['a.csv', file('int64.npy'), undefined, /is a NumPy array, but its name says delimited text/],
    ['body', 'a,b\n1,2\n', 'application/zip', /is not a ZIP archive, although its content type says so/],
    ['a.csv', file('pictures.zip'), undefined, /is a ZIP archive, but/],
    ['a.png', '<svg xmlns="http://www.w3.org/2000/svg"/>', undefined, /is an SVG/],
    ['a.xls', Buffer.from('\xd0\xcf\x11\xe0', 'latin1'), undefined, /an Excel file: save it as CSV/],
    ['body', Buffer.from('\x89PNG\r\n', 'latin1'), undefined, /single PNG/],
    ['body', Buffer.from('%PDF-1.7'), undefined, /is a PDF/],
  ])('%s has another format than claimed', async (name, content, contentType, message) => {
    await expect(
      readFiles({ [name]: content }, contentType === undefined ? {} : { contentType }),
    ).rejects.toThrow(message)
  })

  test('several files of other formats are refused', async () => {
    await expect(readFiles({ 'a.csv': 'a,b\n1,2\n', 'b.csv': 'a,b\n1,2\n' })).rejects.toThrow(
      /there are 2 files/,
    )
  })
})
