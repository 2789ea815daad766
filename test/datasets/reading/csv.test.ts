import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CsvCells } from '../../../src/datasets/reading/csv-cells.js'
import { parseNumberBytes } from '../../../src/datasets/reading/number-bytes.js'
import { type Reading, readFiles, rowsOf } from './read-files.js'

const read = (content: string | Uint8Array, request?: Reading) => readFiles({ body: content }, request)

describe('delimited text', () => {
  test('numbers, texts, missing values, and the line of each row', async () => {
    const file = await read('a,b,kind\n1,2.5,pear\n\n-3e1,,"x, ""y""\n2"\n7,+.5,\n')
    expect(file.source).toEqual({ columns: [{ name: 'a' }, { name: 'b' }, { name: 'kind' }], warnings: [] })
    expect(file.columns).toEqual([
      [1, -30, 7],
      [2.5, null, 0.5],
      ['pear', 'x, "y"\n2', ''],
    ])
    expect(file.types).toEqual(['number', 'number', 'text'])
    expect(file.lines).toEqual([2, 4, 6])
  })

  test.each([
    ['a byte order mark', '\ufeffa,b\n1,2\n'],
    ['a byte order mark before a quote', '\ufeff"a",b\n1,2\n'],
    ['CR LF', 'a,b\r\n1,2\r\n'],
    ['CR alone', 'a,b\r1,2\r'],
    ['no line break at the end', 'a,b\n1,2'],
    ['blank lines', '\n\na,b\n\n1,2\n\r\n  \n'],
    ['spaces around cells', ' a , b \n 1\t,  2 \n'],
    ['quoted cells', '"a","b"\n"1", "2" \n'],
    ['semicolons', 'a;b\n1;2\n'],
    ['tabs', 'a\tb\n1\t2\n'],
    ['bars', 'a|b\n1|2\n'],
    ['UTF-16, little-endian', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')],
    ['UTF-16, big-endian', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le').swap16()],
  ])('%s makes no difference', async (_, content) => {
    const file = await read(content)
    expect(file.source.columns).toEqual([{ name: 'a' }, { name: 'b' }])
    expect(rowsOf(file)).toEqual([[1, 2]])
  })

  test('special property names are plain names, and formulas are plain texts', async () => {
    const file = await read('__proto__,constructor\ntoString,=cmd|x\n')
    expect(file.source.columns.map(({ name }) => name)).toEqual(['__proto__', 'constructor'])
    expect(rowsOf(file)).toEqual([['toString', '=cmd|x']])
  })

  test.each([
    'Inf',
    '-Infinity',
    'NaN',
    '0x10',
    '1e999',
    '1_000',
    '1 000',
    '1.2.3',
    '.',
    'e5',
    '1e',
    '+',
    '١',
  ])('%s is a text and not changed', async (cell) => {
    const file = await read(`a,b\n${cell},2\n`)
    expect(rowsOf(file)).toEqual([[cell, 2]])
  })

  test('columns are texts on request', async () => {
    const file = await read('a,b\n007,2\n', { reading: { columns: new Map([['a', 'text']]) } })
    expect(rowsOf(file)).toEqual([['007', 2]])
  })

  test('a column without a name is numbered, with a warning', async () => {
    const { source } = await read(',a\n0,1\n')
    expect(source.columns.map(({ name }) => name)).toEqual(['column1', 'a'])
    expect(source.warnings).toEqual([expect.stringContaining('Column 1 has no name')])
  })

  test.each<[content: string, header: boolean | undefined, names: string[]]>([
    ['1,2\n3,4\n', undefined, ['column1', 'column2']],
    ['5.1,3.5,setosa\n4.9,3,setosa\n', undefined, ['column1', 'column2', 'column3']],
    ['label,0,1\n5,0,0\n4,0,0\n', undefined, ['label', '0', '1']],
    ['red,round\nblue,square\n', undefined, ['red', 'round']],
    ['red,round\nblue,square\n', false, ['column1', 'column2']],
    ['1,2\n3,4\n', true, ['1', '2']],
  ])('%j has a header or none', async (content, header, names) => {
    const file = await read(content, { options: { header } })
    expect(file.source.columns.map(({ name }) => name)).toEqual(names)
  })

  test('the delimiter may be set', async () => {
    const file = await read('a,b;c\n1,2;3\n', { options: { delimiter: 'semicolon' } })
    expect(rowsOf(file)).toEqual([['1,2', 3]])
  })

  test('a file without UTF-8 is windows-1252', async () => {
    const file = await read(Buffer.from('a,b\nGr\xfcn \x80,1\n', 'latin1'))
    expect(rowsOf(file)).toEqual([['Grün €', 1]])
    expect(file.source.warnings).toEqual([expect.stringContaining('windows-1252')])
  })

  test('rows, characters and quotes may span the chunks of a long file', async () => {
    const line = (row: number) => `${row},"x, ""${row}""\r\nGrün 🌱",${row / 4}\n`
    const rows = 90_000
    const content = `n,text,quarter\n${Array.from({ length: rows }, (_, row) => line(row)).join('')}`
    expect(Buffer.byteLength(content)).toBeGreaterThan(3 * 1024 * 1024)
    const file = await read(content, { limits: { rows: 100_000 } })
    expect(file.rows).toBe(rows)
    for (const row of [0, 1, 31_234, 62_007, rows - 1]) {
      expect(file.columns.map((cells) => cells[row])).toEqual([row, `x, "${row}"\r\nGrün 🌱`, row / 4])
      expect(file.lines[row]).toBe(2 + 2 * row)
    }
  })
})

describe('errors', () => {
  test.each<[content: string | Uint8Array, message: RegExp]>([
    ['', /"body" is empty/],
    ['\ufeff\n', /^the file is empty$/],
    ['a,b', /no rows below the header/],
    ['a,a\n1,2\n', /columns 1 and 2 have the same name "a"/],
    ['a,b\n1,2\n\n3\n', /^line 4 has 1 cell, the header has 2 columns: /],
    ['a,b\n1,2\n1,2,3\n', /^line 3 has 3 cells, the header has 2 columns: /],
    ['a,b\n1,"2\n', /line 2: the file ends in a quoted cell/],
    ['a,b\n1,x"y"\n', /^line 2: a cell has a quote but does not start with one/],
    ['a,b\n1,"x"y\n', /^line 2: only a delimiter or the end of the line may follow a closing quote/],
    ['a,b\n1,2\n3,\0\n', /^line 3 has a NUL byte/],
    [Uint8Array.of(0xc3, 0xa9, 44, 98, 10, 49, 44, 0xff, 10), /^line 2 is not UTF-8/],
    [Buffer.from('\ufeffa,b\n1,\ud800\n', 'utf16le'), /not valid UTF-16LE/],
  ])('%j', async (content, message) => {
    await expect(read(content)).rejects.toThrow(message)
    await expect(read(content)).rejects.toMatchObject({ code: 'invalid-dataset' })
  })

  test.each<[limit: string, content: string, message: RegExp]>([
    [
      'rows',
      `a,b\n${'1,2\n'.repeat(10_001)}`,
      /^line 10002 is row 10001; the limit is 10000 rows .*MAXIMUM_DATASET_ROWS/,
    ],
    [
      'columns',
      `${'a,'.repeat(1_000)}b\n`,
      /^the file has 1001 columns; the limit is 1000 columns .*MAXIMUM_DATASET_COLUMNS/,
    ],
    ['a cell', `a,b\n${'b'.repeat(1_001)},1\n`, /^line 2, cell 1 has 1001 characters; .*MAXIMUM_CELL_LENGTH/],
    ['a line', `a,b\n${','.repeat(20_000)}\n`, /^line 2 has 20000 bytes; .*MAXIMUM_LINE_BYTES/],
    ['a quote that never ends', `a,b\n1,"${'x\n'.repeat(9_000)}`, /^line 2 .*quote.*MAXIMUM_LINE_BYTES/],
    [
      'a long quote that never ends',
      `a,b\n1,"${'x\n'.repeat(900_000)}`,
      /^line 2 starts a row.*quote.*MAXIMUM_LINE_BYTES/,
    ],
    ['a line without an end', 'x'.repeat(3_000_000), /^line 1 starts a row of more than 16384 bytes/],
    ['a million columns', `${'a,'.repeat(1_000_000)}\n`, /^line 1 .*MAXIMUM_LINE_BYTES/],
  ])('too much: %s', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message)
    await expect(read(content)).rejects.toMatchObject({ name: 'DatasetError' })
  })
})

describe('compared with other parsers', () => {
  const cell = fc.oneof(
    fc.string({
      unit: fc.constantFrom('a', 'é', '🌱', ',', ';', '"', '\n', '\r', ' ', '\t', '1', '.'),
      maxLength: 6,
    }),
    fc.double().map(String),
  )
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
    )
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

  test('cells equal those of csv-parse', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom(',', ';', '\t'),
        (rows, end, delimiter) => {
          const text = rows.map((cells) => cells.map(quoted).join(delimiter)).join(end)
          const bytes = Buffer.from(text)
          const cells = new CsvCells(delimiter.charCodeAt(0))
          expect(cells.read(bytes, true, false)).toBe(bytes.length)
          const ours = Array.from({ length: cells.rows }, (_, row) =>
            Array.from({ length: cells.width(row) }, (_, column) => cells.text(row, column)),
          )
          const theirs: string[][] = parse(bytes, { delimiter, record_delimiter: [end] })
          expect(ours).toEqual(theirs)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('numbers equal those of Number', () => {
    const written = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential()),
      fc
        .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 20 }))
        .map(([value, digits]) => value.toFixed(digits)),
      fc.stringMatching(/^[+-]?(\d{1,25}\.?\d{0,25}|\.\d{1,25})([eE][+-]?\d{1,3})?$/),
    )
    fc.assert(
      fc.property(written, (text) => {
        const bytes = Buffer.from(`x${text}x`)
        const value = Number(text)
        expect(parseNumberBytes(bytes, 1, bytes.length - 1)).toBe(Number.isFinite(value) ? value : Number.NaN)
      }),
      { numRuns: 5_000 },
    )
  })

  // 10^22 is the largest power of ten that float64 represents exactly, 2^53 − 1 the largest exact integer.
  test.each([
    '1e22',
    '1e23',
    '-3e23',
    '1e-22',
    '1e-23',
    '9007199254740993e0',
    '0.9007199254740993',
    '7e-324',
  ])('the number %s equals that of Number', (text) => {
    expect(parseNumberBytes(Buffer.from(text), 0, text.length)).toBe(Number(text))
  })

  test('other texts are not numbers', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('1', '.', 'e', '-', '+', 'x', ' ', 'N', '0') }),
        (text) => {
          const bytes = Buffer.from(text)
          const isDecimal =
            /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))
          expect(parseNumberBytes(bytes, 0, bytes.length)).toBe(isDecimal ? Number(text) : Number.NaN)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
