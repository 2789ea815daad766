/** Prepares batches, in the form that readers yield, and checks what is stored. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Preparation } from '../../src/contract/preparation.js'
import { maximumCategories } from '../../src/datasets/categories.js'
import type { PreparedDataset } from '../../src/datasets/prepare.js'
import type { ReadOptions } from '../../src/datasets/reading/batch.js'
import { DatasetError } from '../../src/datasets/table.js'
import { type Columns, prepared, reading } from '../support/prepared.js'

const column = ({ columns }: PreparedDataset, name: string) => columns.find((each) => each.name === name)
const mean = (...names: string[]): Preparation['missing'] => ({
  everywhere: 'drop',
  columns: names.map((name) => ({ name, rule: 'mean' })),
})

describe('types', () => {
  test('are inferred: numbers, categories, booleans; the last column is the target', async () => {
    const dataset = await prepared(
      reading({
        size: [['1', '2.5', '-3e1', '4']],
        colour: [['red', 'blue', 'red', 'green']],
        ripe: [['true', 'False', 'TRUE', 'false']],
        price: [[1, 2, 3, 4]],
      }),
    )
    expect(dataset.columns).toEqual([
      {
        name: 'size',
        type: 'number',
        role: 'feature',
        min: -30,
        max: 4,
        mean: -5.625,
        integers: false,
        imputation: 'mean',
      },
      {
        name: 'colour',
        type: 'category',
        role: 'feature',
        categories: ['blue', 'green', 'red'],
        counts: [1, 1, 2],
        codes: [2, 0, 1],
      },
      {
        name: 'ripe',
        type: 'boolean',
        role: 'feature',
        categories: ['false', 'true'],
        counts: [2, 2],
        codes: [1, 0, 1, 0],
        imputation: 'mean',
      },
      { name: 'price', type: 'number', role: 'target', min: 1, max: 4, mean: 2.5, integers: true },
    ])
    expect(dataset.data).toEqual([
      [1, 'red', true, 1],
      [2.5, 'blue', false, 2],
      [-30, 'red', true, 3],
      [4, 'green', false, 4],
    ])
  })

  test('can be set; a category keeps its numbers as written', async () => {
    const read = reading({
      zip: [['01067', '1067', '01067']],
      id: [[1, 2, 3]],
      on: [['1', '0', 'yes']],
      y: [[0, 1, 2]],
    })
    const dataset = await prepared(read, {
      types: [
        { name: 'zip', type: 'category' },
        { name: 'id', type: 'ignored' },
        { name: 'on', type: 'boolean' },
      ],
    })
    expect(column(dataset, 'zip')).toMatchObject({ categories: ['01067', '1067'], counts: [2, 1] })
    expect(column(dataset, 'id')).toEqual({ name: 'id', type: 'ignored', role: 'none' })
    expect(dataset.data).toEqual([
      ['01067', true, 0],
      ['1067', false, 1],
      ['01067', true, 2],
    ])
  })

  test('of categories read numbers as texts', async () => {
    const asked: (ReadOptions | undefined)[] = []
    const read = reading({ digit: [[7, 8]], y: [[0, 1]] }, {}, (options) => asked.push(options))
    const dataset = await prepared(read, { types: [{ name: 'digit', type: 'category' }] })
    expect(column(dataset, 'digit')?.categories).toEqual(['7', '8'])
    expect(asked.at(-1)?.columns?.get('digit')).toBe('text')
  })

  test('and the target are taken from a format that has them', async () => {
    const dataset = await prepared(
      reading(
        { label: [[3, 10, 3]], pixel: [[0, 255, 7]] },
        {
          columns: [{ name: 'label', suggestedRole: 'target', suggestedType: 'category' }, { name: 'pixel' }],
        },
      ),
    )
    expect(column(dataset, 'label')).toMatchObject({
      role: 'target',
      categories: ['3', '10'],
      counts: [2, 1],
    })
  })

  test('depend on all cells: a late word makes a column a category of texts as written', async () => {
    const read = reading({
      a: [
        ['01', '1'],
        ['3', 'n.a.'],
      ],
      y: [
        [0, 1],
        [0, 1],
      ],
    })
    const dataset = await prepared(read)
    expect(column(dataset, 'a')?.categories).toEqual(['01', '1', '3', 'n.a.'])
    const number = prepared(read, { types: [{ name: 'a', type: 'number' }] })
    await expect(number).rejects.toThrow(
      'row 4 (line 5), column a: "n.a." is not a number; correct it, or set types=a:category, types=a:ignored, or missingValues=n.a.',
    )
    const gap = await prepared(read, { missingValues: ['N.A.'] })
    expect(gap.data.map(([a]) => a)).toEqual([1, 1, 3, null])
  })

  test('of a column with few words among its numbers is a category, with a warning', async () => {
    const dataset = await prepared(reading({ a: [['1', '2', 'x', '4']], y: [[0, 1, 0, 1]] }))
    expect(column(dataset, 'a')?.type).toBe('category')
    expect(dataset.warnings).toContainEqual({
      code: 'mixed-column',
      columns: ['a'],
      message:
        'a is a category because of "x" in row 3 (line 4), although most of its cells are numbers; correct that cell, or ' +
        'if it means a missing value: missingValues=x',
    })
  })

  const texts = Array.from({ length: maximumCategories + 1 }, (_, row) => `text ${row}`)
  const numbers = texts.map((_, row) => row)

  test('of a column with too many texts is ignored, with a warning', async () => {
    // Each text three times, so that they do not name the rows.
    const batches = [texts, texts, texts]
    const values = batches.map(() => numbers.map((row) => row / 2))
    const dataset = await prepared(reading({ note: batches, a: values, y: values }), {
      types: [{ name: 'a', type: 'number' }],
    })
    expect(column(dataset, 'note')).toMatchObject({ name: 'note', type: 'ignored', role: 'none' })
    expect(dataset.data[5]).toEqual([2.5, 2.5])
    expect(dataset.warnings.find(({ code }) => code === 'ignored-column')?.message).toContain(
      'more than 1000 different texts',
    )
    expect(new Set(dataset.chunks.map((chunk) => chunk.length)).size).toBe(1)
  })

  test('of a target or a category by request with too many texts are refused', async () => {
    const target = prepared(reading({ a: [numbers], y: [texts] }), { target: ['y'] })
    await expect(target).rejects.toThrow('column y has more than 1000 different texts')
    const read = reading({ note: [texts], y: [numbers] })
    const wanted = prepared(read, { types: [{ name: 'note', type: 'category' }] })
    await expect(wanted).rejects.toThrow('column note has more than 1000 different texts')
  })

  const long = (count: number, length: number) =>
    numbers.slice(0, 60).map((row) => String(row % count).padEnd(length, 'x'))

  test('of a column with long texts is ignored, and refused for a target', async () => {
    const y = numbers.slice(0, 60).map((row) => row / 2)
    const within = await prepared(reading({ a: [y], note: [long(2, 32_768)], y: [y] }))
    expect(column(within, 'note')?.type).toBe('category')
    const dataset = await prepared(reading({ a: [y], note: [long(2, 32_769)], y: [y] }))
    expect(column(dataset, 'note')).toMatchObject({ name: 'note', type: 'ignored' })
    expect(dataset.warnings.find(({ code }) => code === 'ignored-column')?.message).toContain(
      'different texts of more than 65536 characters together',
    )
    const target = prepared(reading({ a: [y], y: [long(2, 32_769)] }), { target: ['y'] })
    await expect(target).rejects.toThrow('column y has different texts of more than 65536 characters')
  })

  test('of many columns with long texts are refused together', async () => {
    const features = Array.from({ length: 33 }, (_, index) => [`c${index}`, [long(2, 16_000)]])
    const y = [numbers.slice(0, 60)]
    const refused = prepared(reading({ ...Object.fromEntries(features), y }))
    await expect(refused).rejects.toThrow(
      'the different texts of the category columns have 1056000 characters; the limit is 1048576',
    )
  })
})

describe('numbers in human notation', () => {
  test.each([
    '1,234.50',
    '1 234',
    "1'234",
    '12 %',
    '12%',
    '$5',
    '€ 5',
    '5 €',
  ])('%s is a text, with a warning', async (text) => {
    const dataset = await prepared(reading({ a: [['1', text, text, '']], y: [[0, 1, 0, 1]] }))
    expect(column(dataset, 'a')).toMatchObject({ type: 'category' })
    expect(dataset.warnings).toContainEqual({
      code: 'numbers-as-text',
      columns: ['a'],
      message:
        `a is a category because ${JSON.stringify(text)} is a text: write numbers like 1234.5, without units; ` +
        'if commas are decimal: decimal=comma',
    })
  })

  test.each([
    [
      ['1', '1,75', '-0,5'],
      [1, 1.75, -0.5],
    ],
    [
      ['1.234,5', '-1.234.567,25', '7'],
      [1234.5, -1_234_567.25, 7],
    ],
    [
      ['1,5e3', ',5', '+2,0'],
      [1500, 0.5, 2],
    ],
  ])('%j are numbers with a decimal comma', async (texts, numbers) => {
    const dataset = await prepared(reading({ a: [texts], y: [[0, 1, 0]] }))
    expect(dataset.data.map(([a]) => a)).toEqual(numbers)
    expect(column(dataset, 'a')).toMatchObject({ type: 'number', decimal: 'comma' })
    expect(dataset.warnings.map(({ code }) => code)).toContain('decimal-comma')
    const point = await prepared(reading({ a: [texts], y: [[0, 1, 0]] }), { decimal: 'point' })
    expect(column(point, 'a')?.type).toBe('category')
  })

  test('1,234 is ambiguous without decimal=comma', async () => {
    const read = reading({ a: [['1,234', '5,678', '1,234']], y: [[0, 1, 0]] })
    expect(column(await prepared(read), 'a')?.type).toBe('category')
    const dataset = await prepared(read, { decimal: 'comma' })
    expect(dataset.data.map(([a]) => a)).toEqual([1.234, 5.678, 1.234])
  })

  test.each([
    'x',
    '1,2,3',
    '1.2.3',
    '12 m',
    '2024-01-01',
    '10:30',
    '%',
    ',',
  ])('%s is not a number', async (text) => {
    const dataset = await prepared(reading({ a: [['1', '1,5', text]], y: [[0, 1, 0]] }))
    expect(dataset.warnings.filter(({ code }) => code === 'numbers-as-text')).toEqual([])
  })
})

describe('missing values', () => {
  const table: Columns = {
    age: [['20', '', '40', '?']],
    city: [['Rom', 'Rom', 'NA', 'Bonn']],
    y: [['1', '2', '3', '']],
  }

  test('are imputed: a number by the mean, a category by an extra one; a row without target is dropped', async () => {
    const dataset = await prepared(reading(table))
    expect(dataset).toMatchObject({ rows: 3, droppedRows: 1 })
    expect(dataset.data).toEqual([
      [20, 'Rom', 1],
      [null, 'Rom', 2],
      [40, null, 3],
    ])
    expect(dataset.columns.map(({ missing }) => missing)).toEqual([2, 1, 1])
    expect(column(dataset, 'age')).toMatchObject({ imputation: 'mean', mean: 30 })
    expect(column(dataset, 'city')).toMatchObject({
      categories: ['(missing)', 'Rom'],
      counts: [1, 2],
      imputation: { constant: '(missing)' },
    })
    expect(dataset.warnings.find(({ code }) => code === 'dropped-rows')).toEqual({
      code: 'dropped-rows',
      columns: ['y'],
      message:
        '1 of 4 rows (25 %) was dropped because a value is missing (y 1); rows without a target cannot be used; ' +
        'to predict another column: target=NAME',
    })
  })

  test('drop their rows on request, unless that is more than half', async () => {
    const drop: Preparation['missing'] = { everywhere: 'drop', columns: [] }
    await expect(prepared(reading(table), { missing: drop })).rejects.toThrow(
      '3 of 4 rows have a missing value and would be dropped; the limit is half of the rows. Missing values by column: age 2, city 1, y 1',
    )
    const dropCity: Preparation['missing'] = {
      everywhere: 'impute',
      columns: [{ name: 'city', rule: 'drop' }],
    }
    const dataset = await prepared(reading(table), { missing: dropCity })
    expect(dataset).toMatchObject({
      rows: 2,
      droppedRows: 2,
      data: [
        [20, 'Rom', 1],
        [null, 'Rom', 2],
      ],
    })
    expect(column(dataset, 'city')?.categories).toEqual(['Rom'])
  })

  test('are replaced by a requested constant', async () => {
    const missing: Preparation['missing'] = {
      everywhere: 'mean',
      columns: [{ name: 'city', rule: { constant: 'unknown' } }],
    }
    const dataset = await prepared(reading(table), { missing })
    expect(dataset).toMatchObject({ rows: 3, droppedRows: 1 })
    expect(column(dataset, 'city')).toMatchObject({
      categories: ['Rom', 'unknown'],
      counts: [2, 0],
      imputation: { constant: 'unknown' },
    })
    expect(dataset.warnings.map(({ code }) => code)).toContain('imputed-values')
  })

  test('are the listed texts, ignoring blanks and case', async () => {
    const read = reading({
      a: [['1', ' -99', 'na', '3']],
      c: [['x', 'NONE', 'y', ' null ']],
      y: [[0.5, 1, 2, 3]],
    })
    const dataset = await prepared(read, { missingValues: ['-99', 'NA'] })
    expect(dataset.data).toEqual([
      [1, 'x', 0.5],
      [null, 'NONE', 1],
      [null, 'y', 2],
      [3, 'null', 3],
    ])
    const usual = await prepared(read)
    expect(usual.data.map(([, c]) => c)).toEqual(['x', null, 'y', null])
  })

  test('in most cells make a column ignored, unless it is declared', async () => {
    const read = reading({ a: [['1', '', '', '']], b: [[4, 2, 3, 1]], y: [['p', 'q', 'p', 'q']] })
    const dataset = await prepared(read)
    expect(column(dataset, 'a')).toEqual({ name: 'a', type: 'ignored', role: 'none', missing: 3 })
    expect(dataset.warnings).toContainEqual({
      code: 'mostly-missing',
      columns: ['a'],
      message: 'a is ignored because it has no value in 3 of 4 rows; to use it: types=a:number',
    })
    const declared = await prepared(read, { types: [{ name: 'a', type: 'number' }] })
    expect(column(declared, 'a')).toMatchObject({ type: 'number', imputation: 'mean' })
  })

  test('become constants of the column type, or are refused', async () => {
    const constant = (name: string, value: string): Partial<Preparation> => ({
      missing: { everywhere: 'mean', columns: [{ name, rule: { constant: value } }] },
    })
    expect(column(await prepared(reading(table), constant('age', '7')), 'age')?.imputation).toEqual({
      constant: 7,
    })
    await expect(prepared(reading(table), constant('age', 'old'))).rejects.toThrow(
      'column age is a number, so its missing values cannot be "old"',
    )
  })

  test('in every row make a column ignored; in every target, or in every row, are refused', async () => {
    const dataset = await prepared(reading({ a: [[1, 2]], gap: [['', '']], y: [[1, 2]] }))
    expect(column(dataset, 'gap')).toEqual({ name: 'gap', type: 'ignored', role: 'none', missing: 2 })
    expect(dataset.rows).toBe(2)
    const empty = prepared(reading({ a: [[1]], y: [['']] }), { target: ['y'] })
    await expect(empty).rejects.toThrow('y is the target but has no values')
    const crossed = prepared(reading({ a: [['1', '']], b: [['', '1']], y: [[1, 2]] }), {
      missing: { everywhere: 'drop', columns: [] },
    })
    await expect(crossed).rejects.toThrow('2 of 2 rows have a missing value')
  })

  test('may precede the first value', async () => {
    const read = reading({
      a: [
        ['', ''],
        ['1', '2'],
      ],
      y: [
        [1, 2],
        [3, 4],
      ],
    })
    const dataset = await prepared(read)
    expect(dataset.data.map(([a]) => a)).toEqual([null, null, 1, 2])
  })
})

describe('requests that do not match the file', () => {
  const read = reading({ a: [[1, 2]], b: [[1, 2]], y: [[0, 1]] })
  test.each<[Partial<Preparation>, string]>([
    [{ target: ['z'] }, 'target names the unknown column "z"; the columns are a, b, y'],
    [{ types: [{ name: 'z', type: 'number' }] }, 'types names the unknown column "z"'],
    [{ missing: mean('z') }, 'missing names the unknown column "z"'],
    [{ target: ['a', 'b', 'y'] }, 'at least one feature and one target are required'],
    [{ target: ['y'], types: [{ name: 'y', type: 'ignored' }] }, 'y is the target, so it cannot be ignored'],
    [{ types: ['a', 'b'].map((name) => ({ name, type: 'ignored' })) }, 'the file has no feature column'],
    [{ types: [{ name: 'a', type: 'boolean' }] }, 'column a: "2" is not a boolean'],
  ])('%j: %s', async (preparation, message) => {
    await expect(prepared(read, preparation)).rejects.toThrow(DatasetError)
    await expect(prepared(read, preparation)).rejects.toThrow(message)
  })

  test('infinite numbers and empty files are refused', async () => {
    const infinite = reading({ a: [[1, Number.NEGATIVE_INFINITY]], y: [[0, 1]] })
    await expect(prepared(infinite)).rejects.toThrow(
      'row 2 (line 3), column a: -Infinity is not a finite number',
    )
    await expect(prepared(reading({ a: [[]], y: [[]] }))).rejects.toThrow('the file has no rows')
  })
})

describe('several targets, shapes and images', () => {
  test('targets are the columns named, in the order of the file', async () => {
    const read = reading({ y1: [[0, 1]], a: [[1, 2]], y2: [[1, 0]] })
    const { columns } = await prepared(read, { target: ['y2', 'y1'] })
    expect(columns.map(({ role }) => role)).toEqual(['target', 'feature', 'target'])
  })

  test('a constant pixel has no warning', async () => {
    const source = { inputShape: [1, 1, 2], image: { width: 2, height: 1, channels: 1 as const } }
    const columns = { p1: [[0, 0, 0, 0]], p2: [[3, 4, 5, 9]], y: [[0, 1, 0, 1]] }
    const codes = async (about: typeof source | object) =>
      (await prepared(reading(columns, about))).warnings.map(({ code }) => code)
    expect(await codes(source)).not.toContain('constant-column')
    expect(await codes({})).toContain('constant-column')
  })

  test('a shape is kept if the number of features is the same', async () => {
    const source = { inputShape: [1, 1, 2], image: { width: 2, height: 1, channels: 1 as const } }
    const read = reading({ p1: [[0, 9]], p2: [[3, 4]], y: [[0, 1]] }, source)
    expect(await prepared(read)).toMatchObject(source)
    const fewer = await prepared(read, { types: [{ name: 'p2', type: 'ignored' }] })
    expect([fewer.inputShape, fewer.image]).toEqual([null, null])
  })
})

test('the last column that has a name is the target', async () => {
  const columns = { a: [['1', '2']], y: [[0, 1]], column3: [['', '']] }
  const source = {
    columns: [{ name: 'a' }, { name: 'y' }, { name: 'column3', suggestedRole: 'feature' as const }],
  }
  const dataset = await prepared(reading(columns, source))
  expect(dataset.columns.map(({ name, role }) => [name, role])).toEqual([
    ['a', 'feature'],
    ['y', 'target'],
    ['column3', 'none'],
  ])
})

test('warnings end with the parameter that changes the finding', async () => {
  const rows = Array.from({ length: 400 }, (_, row) => row)
  const dataset = await prepared(
    reading({
      same: [rows.map(() => 5)],
      tiny: [rows.map((row) => (row % 7) / 1e6)],
      huge: [rows.map((row) => (row % 11) * 1e6)],
      many: [rows.map((row) => `c${row % 60}`)],
      class: [rows.map((row) => (row < 3 ? 'rare' : 'common'))],
    }),
  )
  expect(dataset.warnings.map(({ code, columns }) => [code, ...columns])).toEqual([
    ['constant-column', 'same'],
    ['rare-class', 'class'],
    ['imbalanced-target', 'class'],
    ['many-categories', 'many'],
    ['mixed-scales', 'tiny', 'huge'],
  ])
  expect(dataset.warnings[0].message).toMatch(/types=same:ignored$/)
  expect(dataset.warnings[1].message).toMatch(
    /^class has classes of fewer than 5 rows: rare 3;.*missingValues=rare$/,
  )
  expect(dataset.warnings[2].message).toMatch(/common 99\.3 %, rare 0\.8 %.*"classWeight": "balanced"$/)
  expect(dataset.warnings[3].message).toMatch(/types=many:ignored$/)
})

test('the stored rows do not depend on the batches', async () => {
  const row = fc.record({
    a: fc.oneof(
      // The text of zero has no sign.
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
      fc.constant(''),
    ),
    b: fc.constantFrom('x', 'y', '?', '__proto__'),
    y: fc.integer(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 3, maxLength: 20 }), fc.nat(), async (rows, where) => {
      const all = [{ a: 1, b: 'x', y: 2.5 }, ...rows]
      const cut = 1 + (where % rows.length)
      const split = (name: 'a' | 'b' | 'y') => {
        const texts = all.map((each) => String(each[name]))
        return { whole: [texts], parts: [texts.slice(0, cut), texts.slice(cut)] }
      }
      const columns = { a: split('a'), b: split('b'), y: split('y') }
      const pick = (which: 'whole' | 'parts'): Columns => ({
        a: columns.a[which],
        b: columns.b[which],
        y: columns.y[which],
      })
      const types: Preparation['types'] = [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'category' },
      ]
      const { chunks, ...whole } = await prepared(reading(pick('whole')), { types })
      const { chunks: pieces, ...parts } = await prepared(reading(pick('parts')), { types })
      expect(parts).toEqual(whole)
      expect(whole.data.map(([a, b, y]) => [a ?? '', b ?? '?', y])).toEqual(
        all.map(({ a, b, y }) => [a, b, y]),
      )
      expect(pieces.length).toBeGreaterThanOrEqual(chunks.length)
    }),
  )
})
