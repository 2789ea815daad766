import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CsvLimits, readCsv } from '../../src/datasets/csv.js'
import { parseNumber } from '../../src/datasets/number-text.js'
import { DatasetError } from '../../src/datasets/table.js'
import { valuesOf } from '../support/tables.js'
import { inChunks } from './byte-chunks.js'

const limits: CsvLimits = {
  maximumRows: 1_000,
  maximumColumns: 20,
  maximumBytes: 1_000_000,
  maximumCellLength: 50,
}

async function read(content: string | Uint8Array, options: { target?: string; size?: number } = {}) {
  const table = await readCsv(inChunks(content, options.size), { target: options.target, limits })
  return { columns: table.columns, rows: table.rows, values: valuesOf(table) }
}

async function refusal(reading: Promise<unknown>): Promise<DatasetError> {
  const outcome = await reading.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof DatasetError) return outcome
  throw new Error('the file was not refused as a dataset', { cause: outcome })
}

describe('what a CSV file becomes', () => {
  test('numbers, with range and mean of each column', async () => {
    expect(await read('a,b\n1,2.5\n-3e1,+.5\n')).toEqual({
      columns: [
        { name: 'a', type: 'number', role: 'feature', min: -30, max: 1, mean: -14.5 },
        { name: 'b', type: 'number', role: 'target', min: 0.5, max: 2.5, mean: 1.5 },
      ],
      rows: 2,
      values: Float64Array.of(1, 2.5, -30, 0.5),
    })
  })

  test('a target of words becomes a category with sorted classes', async () => {
    const { columns, values } = await read('a,kind\n1,pear\n2,apple\n3,pear\n')
    expect(columns[1]).toEqual({
      name: 'kind',
      type: 'category',
      role: 'target',
      categories: ['apple', 'pear'],
      counts: [1, 2],
    })
    expect(values).toEqual(Float64Array.of(1, 1, 2, 0, 3, 1))
  })

  test('the target can be any column, and keeps its place', async () => {
    const { columns, values } = await read('kind,a\nx,1\ny,2\n', { target: 'kind' })
    expect(columns.map(({ name, role }) => [name, role])).toEqual([
      ['kind', 'target'],
      ['a', 'feature'],
    ])
    expect(values).toEqual(Float64Array.of(0, 1, 1, 2))
  })

  test('the Iris measurements that come with the examples', async () => {
    const file = await readFile(new URL('../../examples/iris.csv', import.meta.url))
    const { columns, rows } = await read(file)
    expect(rows).toBe(150)
    expect(columns.map((column) => column.name)).toEqual([
      'sepalLength',
      'sepalWidth',
      'petalLength',
      'petalWidth',
      'species',
    ])
    expect(columns[4]).toMatchObject({
      categories: ['setosa', 'versicolor', 'virginica'],
      counts: [50, 50, 50],
    })
    expect(columns[0].mean).toBeCloseTo(5.843333, 5)
  })

  test('names that objects treat specially are only names', async () => {
    const { columns, values } = await read('__proto__,constructor\n1,toString\n2,__proto__\n')
    expect(columns.map((column) => column.name)).toEqual(['__proto__', 'constructor'])
    expect(columns[1].categories).toEqual(['__proto__', 'toString'])
    expect(values).toEqual(Float64Array.of(1, 1, 2, 0))
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
  ])('%s makes no difference', async (_, content) => {
    const plain = await read('a,b\n1,2\n')
    for (const size of [1, 2, 3, 1000]) expect(await read(content, { size })).toEqual(plain)
  })

  test('quotes may hold commas, quotes and line breaks, wherever the chunks are cut', async () => {
    const content = 'n,"x, ""y"""\n1,"Grün,\r\n""葉"""\n2,🌱\n'
    for (let size = 1; size < 12; size++) {
      const { columns } = await read(content, { size })
      expect(columns[1].name).toBe('x, "y"')
      expect(columns[1].categories).toEqual(['Grün,\r\n"葉"', '🌱'])
    }
  })
})

describe('what is refused, and in which words', () => {
  const manyCells = ','.repeat(2_000)
  test.each<[content: string | Uint8Array, message: RegExp]>([
    ['', /the file is empty/],
    ['\ufeff\n', /the file is empty/],
    ['a,b', /no rows below the header/],
    ['a,b\r\n', /no rows below the header/],
    ['a\n1\n', /only one column, "a"/],
    ['a;b\n1;2\n', /"a;b": separate the columns with commas/],
    ['1,2\n3,4\n', /first line holds only numbers/],
    ['a,a\n1,2\n', /two columns are called "a"/],
    ['a, a\n1,2\n', /two columns are called "a"/],
    [',a\n1,2\n', /column 1 has no name/],
    ['a,b\n1,2\n\n3\n', /^line 4 has 1 cell, the header has 2 columns$/],
    ['a,b\n1,2\n1,2,3\n', /^line 3 has 3 cells, the header has 2 columns$/],
    ['a,b\n1,2\nred,2\nblue,2\n', /^line 3, column a: "red" is not a number/],
    ['a,b\n1,2\n"",2\n', /^line 3, column a: the cell is empty$/],
    ['a,b\n1,\n', /^line 2, column b: the cell is empty$/],
    ['a,b\n1,2\n2,x\n', /^line 3, target b: "x" is not a number, but the rows before have numbers/],
    ['a,b\n1,x\n2,7\n', /^line 3, target b: "7" is a number, but the rows before have class names/],
    ['a,b\n1,"x\r\ny"\r\n2,"p\nq"\r\nred,z\r\n', /^line 6, column a/],
    ['a,b\n"x\r\ny",1\n', /^line 2, column a/],
    ['a,b\n1,"x\n2,y\n', /the file ends inside a quoted cell/],
    ['a,b\n1,x"y"\n', /^line 2: a quote stands inside a cell/],
    ['a,b\n1,"x"y\n', /^line 2: only a comma or the end of the line may follow a closing quote/],
    ['a,b\n1,2\n3,\0\n', /^line 3 holds a zero byte/],
    [Uint8Array.of(97, 44, 98, 10, 49, 44, 0xff, 10), /^line 2 is not UTF-8/],
    [Uint8Array.of(97, 44, 98, 10, 49, 44, 0xc3), /^line 2 is not UTF-8/],
    [Uint8Array.of(97, 44, 98, 13, 10, 49, 44, 50, 13, 10, 0xc3, 44, 10), /^line 3 is not UTF-8/],
    [Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), /not UTF-8/],
  ])('%j', async (content, message) => {
    for (const size of [1, 2, 4, 7, 1000]) {
      const error = await refusal(read(content, { size }))
      expect(error.code).toBe('invalid-dataset')
      expect(error.message).toMatch(message)
    }
  })

  test.each([
    'Inf',
    '-Infinity',
    'NaN',
    'nan',
    '0x10',
    '1e999',
    '1_000',
    '1 000',
    '1.2.3',
    '.',
    'e5',
    '١',
  ])('%s is not a number', async (cell) => {
    const error = await refusal(read(`a,b\n${cell},2\n`))
    expect(error.message).toContain(`line 2, column a: ${JSON.stringify(cell)} is not a number`)
  })

  test('a target that does not exist, naming those that do', async () => {
    const error = await refusal(read('a,b\n1,2\n', { target: 'c' }))
    expect(error.message).toBe('there is no column "c" to be the target; the columns are a, b')
  })

  test.each<[limit: string, content: string, message: RegExp]>([
    ['rows', `a,b\n${'1,2\n'.repeat(1_001)}`, /^line 1002 is row 1001, at most 1000 rows are allowed$/],
    ['columns', `${'a,'.repeat(20)}b\n`, /^the file has 21 columns, at most 20 are allowed$/],
    ['bytes', `a,b\n${'\n'.repeat(1_000_000)}`, /^the file is larger than 1000000 bytes/],
    ['a cell', `a,${'b'.repeat(51)}\n`, /^line 1, cell 2 has 51 characters, at most 50 are allowed$/],
    ['a line', `a,b\n${manyCells}`, /^line 2 is longer than 1680 bytes/],
    ['a quote that never ends', `a,b\n1,"${'x\n'.repeat(9_000)}`, /longer than 1680 bytes.*quote/],
  ])('too much: %s', async (_, content, message) => {
    const error = await refusal(read(content))
    expect(error.code).toBe('dataset-too-large')
    expect(error.message).toMatch(message)
  })

  test('exactly as much as is allowed is read', async () => {
    const { rows } = await read(`a,b\n${'1,2\n'.repeat(1_000)}`)
    expect(rows).toBe(1_000)
  })

  test('reading stops at the first fault, and closes the source', async () => {
    let [delivered, closed] = [0, false]
    async function* endless() {
      try {
        yield Buffer.from('a,b\nred,1\n')
        while (true) {
          delivered += 1
          yield Buffer.from('1,2\n')
        }
      } finally {
        closed = true
      }
    }
    await refusal(readCsv(endless(), { limits: { ...limits, maximumBytes: 1e9 } }))
    expect(closed).toBe(true)
    expect(delivered).toBeLessThan(1_000)
  })

  test("the source's own failure passes through", async () => {
    async function* broken() {
      yield Buffer.from('a,b\n1,2\n')
      throw new TypeError('the connection was cut')
    }
    await expect(readCsv(broken(), { limits })).rejects.toThrow(new TypeError('the connection was cut'))
  })
})

describe('written and read again', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((name) => parseNumber(name) === undefined && !name.includes('\0'))
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))
  const file = fc
    .record({
      names: fc.uniqueArray(text, { minLength: 2, maxLength: 5 }),
      classes: fc.option(fc.uniqueArray(text, { minLength: 1, maxLength: 4 }), { nil: undefined }),
      rows: fc.integer({ min: 1, max: 20 }),
    })
    .chain(({ names, classes, rows }) => {
      const feature = fc.array(number, { minLength: names.length - 1, maxLength: names.length - 1 })
      const target = classes === undefined ? number : fc.constantFrom(...classes)
      return fc.record({
        names: fc.constant(names),
        rows: fc.array(fc.tuple(feature, target), { minLength: rows, maxLength: rows }),
        lineEnd: fc.constantFrom('\n', '\r\n'),
        size: fc.integer({ min: 1, max: 40 }),
      })
    })
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`

  test('every name, number and class comes back, for any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(file, async ({ names, rows, lineEnd, size }) => {
        const lines = [
          names.map(quoted),
          ...rows.map(([features, target]) => {
            return [...features.map(String), typeof target === 'number' ? String(target) : quoted(target)]
          }),
        ]
        const table = await read(lines.map((cells) => cells.join(',')).join(lineEnd), { size })
        expect(table.columns.map((column) => column.name)).toEqual(names)
        expect(table.rows).toBe(rows.length)
        const categories = table.columns[names.length - 1].categories
        const readBack = rows.map((_, row) => {
          const numbers = Array.from(table.values.subarray(row * names.length, (row + 1) * names.length))
          const target = numbers[names.length - 1]
          return [numbers.slice(0, -1), categories === undefined ? target : categories[target]]
        })
        expect(readBack).toEqual(rows)
        for (const { type, min = 0, max = 0, mean = 0 } of table.columns) {
          if (type === 'number') expect(min <= mean && mean <= max).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})
