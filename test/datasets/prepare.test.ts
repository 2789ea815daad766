/** From made-up batches, as reading gives them, to what is stored. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Preparation } from '../../src/contract/preparation.js'
import { maximumCategories } from '../../src/datasets/column-reader.js'
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
  test('are found: numbers, categories, booleans; the last column is the target', async () => {
    const dataset = await prepared(
      reading({
        size: [['1', '2.5', '-3e1', '4']],
        colour: [['red', 'blue', 'red', 'green']],
        ripe: [['true', 'False', 'TRUE', 'false']],
        price: [[1, 2, 3, 4]],
      }),
    )
    expect(dataset.columns).toEqual([
      { name: 'size', type: 'number', role: 'feature', min: -30, max: 4, mean: -5.625 },
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
      },
      { name: 'price', type: 'number', role: 'target', min: 1, max: 4, mean: 2.5 },
    ])
    expect(dataset.data).toEqual([
      [1, 'red', true, 1],
      [2.5, 'blue', false, 2],
      [-30, 'red', true, 3],
      [4, 'green', false, 4],
    ])
  })

  test('can be said; a category keeps its numbers as they are written', async () => {
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

  test('of categories make reading give texts', async () => {
    const asked: (ReadOptions | undefined)[] = []
    const read = reading({ digit: [[7, 8]], y: [[0, 1]] }, {}, (options) => asked.push(options))
    const dataset = await prepared(read, { types: [{ name: 'digit', type: 'category' }] })
    expect(column(dataset, 'digit')?.categories).toEqual(['7', '8'])
    expect(asked.at(-1)?.columns).toEqual(new Map([['digit', 'text']]))
  })

  test('are taken from a format that knows them, as the target is', async () => {
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

  test('of a column of numbers stay so: a later word is refused, saying where', async () => {
    const read = reading({
      a: [
        [1, 2],
        ['3', 'n.a.'],
      ],
      y: [
        [0, 1],
        [0, 1],
      ],
    })
    await expect(prepared(read)).rejects.toThrow(
      'row 4 (line 5), column a: "n.a." is not a number, but the rows before hold numbers; ' +
        'correct it, or say types=a:category or types=a:ignored',
    )
    const dataset = await prepared(read, { types: [{ name: 'a', type: 'category' }] })
    expect(column(dataset, 'a')?.categories).toEqual(['1', '2', '3', 'n.a.'])
  })

  test('of a column with few words among its numbers is a category, with a warning', async () => {
    const dataset = await prepared(reading({ a: [['1', '2', 'x', '4']], y: [[0, 1, 0, 1]] }))
    expect(column(dataset, 'a')?.type).toBe('category')
    expect(dataset.warnings).toContainEqual({
      code: 'mixed-column',
      columns: ['a'],
      message: 'a is a category because of row 3 (line 4), "x"; most of its cells are numbers',
    })
  })

  const texts = Array.from({ length: maximumCategories + 1 }, (_, row) => `text ${row}`)
  const numbers = texts.map((_, row) => row)

  test('of a column with too many texts is ignored, with a warning', async () => {
    const dataset = await prepared(
      reading({ note: [texts, texts], a: [numbers, numbers], y: [numbers, numbers] }),
    )
    expect(column(dataset, 'note')).toEqual({ name: 'note', type: 'ignored', role: 'none' })
    expect(dataset.data[5]).toEqual([5, 5])
    expect(dataset.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['ignored-column', expect.stringContaining('more than 1000 different texts')],
    ])
    expect(new Set(dataset.chunks.map((chunk) => chunk.length)).size).toBe(1)
  })

  test('of a target or a category by request with too many texts are refused', async () => {
    const target = prepared(reading({ a: [numbers], y: [texts] }))
    await expect(target).rejects.toThrow('column y has more than 1000 different texts')
    const read = reading({ note: [texts], y: [numbers] })
    const wanted = prepared(read, { types: [{ name: 'note', type: 'category' }] })
    await expect(wanted).rejects.toThrow('column note has more than 1000 different texts')
  })
})

describe('numbers that are written as people write them', () => {
  test.each([
    '1,75',
    '-1.234,5',
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
      message: `a is a category, because ${JSON.stringify(text)} is a text here: write numbers like 1234.5, without units`,
    })
  })

  test.each(['x', '1,2,3', '1.2.3', '12 m', '2024-01-01', '10:30', '%', ','])('%s is none', async (text) => {
    const dataset = await prepared(reading({ a: [['1', '1,5', text]], y: [[0, 1, 0]] }))
    expect(dataset.warnings.filter(({ code }) => code === 'numbers-as-text')).toEqual([])
  })

  test('are told of where there are too many texts', async () => {
    const many = Array.from({ length: maximumCategories + 1 }, (_, row) => `${row},5`)
    const refused = prepared(reading({ a: [many], y: [many.map((_, row) => row)] }))
    await expect(refused).rejects.toThrow(
      'no column is left to be a feature; a is ignored, because it has more than 1000 different texts, the most a ' +
        'category may have; "0,5" is a text here: write numbers like 1234.5, without units',
    )
    const word = prepared(
      reading({ a: [[...many.map((_, row) => String(row)), 'oops']], y: [[...many, 0].map(() => 1)] }),
    )
    await expect(word).rejects.toThrow('most are numbers, but row 1002 (line 1003) has "oops"')
  })
})

describe('missing values', () => {
  const table: Columns = {
    age: [['20', '', '40', '?']],
    city: [['Rom', 'Rom', 'NA', 'Bonn']],
    y: [['1', '2', '3', '']],
  }

  test('drop their rows, which is counted and told', async () => {
    const dataset = await prepared(reading(table))
    expect(dataset).toMatchObject({ rows: 1, droppedRows: 3, data: [[20, 'Rom', 1]] })
    expect(dataset.columns.map(({ missing }) => missing)).toEqual([2, 1, 1])
    expect(column(dataset, 'city')?.categories).toEqual(['Rom'])
    expect(dataset.warnings.find(({ code }) => code === 'dropped-rows')).toEqual({
      code: 'dropped-rows',
      columns: ['age', 'city', 'y'],
      message: '3 rows were left out for want of a value; missing: age 2, city 1, y 1',
    })
  })

  test('stay where something stands in for them; a row without target is dropped all the same', async () => {
    const missing: Preparation['missing'] = {
      everywhere: 'mean',
      columns: [{ name: 'city', rule: { constant: 'unknown' } }],
    }
    const dataset = await prepared(reading(table), { missing })
    expect(dataset).toMatchObject({ rows: 3, droppedRows: 1 })
    expect(dataset.data).toEqual([
      [20, 'Rom', 1],
      [null, 'Rom', 2],
      [40, null, 3],
    ])
    expect(column(dataset, 'age')).toMatchObject({ missing: 2, imputation: 'mean', mean: 30 })
    expect(column(dataset, 'city')).toMatchObject({
      categories: ['Rom', 'unknown'],
      counts: [2, 0],
      imputation: { constant: 'unknown' },
    })
    expect(dataset.warnings.map(({ code }) => code)).toContain('imputed-values')
  })

  test('become constants of their column’s type, or are refused', async () => {
    const constant = (name: string, value: string): Partial<Preparation> => ({
      missing: { everywhere: 'mean', columns: [{ name, rule: { constant: value } }] },
    })
    expect(column(await prepared(reading(table), constant('age', '7')), 'age')?.imputation).toEqual({
      constant: 7,
    })
    await expect(prepared(reading(table), constant('age', 'old'))).rejects.toThrow(
      'column age is a number: its missing values cannot become "old"',
    )
  })

  test('in every row make a column ignored; in every target, or one in each row, are refused', async () => {
    const dataset = await prepared(reading({ a: [[1, 2]], gap: [['', '']], y: [[1, 2]] }))
    expect(column(dataset, 'gap')).toEqual({ name: 'gap', type: 'ignored', role: 'none', missing: 2 })
    expect(dataset.rows).toBe(2)
    await expect(prepared(reading({ a: [[1]], y: [['']] }))).rejects.toThrow('missing by column: y 1')
    const crossed = prepared(reading({ a: [['1', '']], b: [['', '1']], y: [[1, 2]] }))
    await expect(crossed).rejects.toThrow(
      'every one of the 2 rows lacks a value and was dropped; missing by column: a 1, b 1',
    )
  })

  test('up to a late first value are refused, since their rows were kept', async () => {
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
    await expect(prepared(read)).rejects.toThrow('column a has no value before row 3 (line 4)')
    const dataset = await prepared(read, { missing: mean('a') })
    expect(dataset.data.map(([a]) => a)).toEqual([null, null, 1, 2])
  })
})

describe('requests that do not fit the file', () => {
  const read = reading({ a: [[1, 2]], b: [[1, 2]], y: [[0, 1]] })
  test.each<[Partial<Preparation>, string]>([
    [{ target: ['z'] }, 'there is no column "z", which target names; the columns are a, b, y'],
    [{ types: [{ name: 'z', type: 'number' }] }, 'there is no column "z", which types names'],
    [{ missing: mean('z') }, 'there is no column "z", which missing names'],
    [{ target: ['a', 'b', 'y'] }, 'at least one feature and a target are needed'],
    [{ target: ['y'], types: [{ name: 'y', type: 'ignored' }] }, 'y is the target, so it cannot be ignored'],
    [{ types: ['a', 'b'].map((name) => ({ name, type: 'ignored' })) }, 'no column is left to be a feature'],
    [{ types: [{ name: 'a', type: 'boolean' }] }, 'column a: "2" is not a boolean'],
  ])('%j: %s', async (preparation, message) => {
    await expect(prepared(read, preparation)).rejects.toThrow(DatasetError)
    await expect(prepared(read, preparation)).rejects.toThrow(message)
  })

  test('nor do infinite numbers, or no rows', async () => {
    const infinite = reading({ a: [[1, Number.NEGATIVE_INFINITY]], y: [[0, 1]] })
    await expect(prepared(infinite)).rejects.toThrow(
      'row 2 (line 3), column a: -Infinity is not a finite number',
    )
    await expect(prepared(reading({ a: [[]], y: [[]] }))).rejects.toThrow('the file has no rows')
  })
})

describe('several targets, shapes and pictures', () => {
  test('targets are the columns named, in the order of the file', async () => {
    const read = reading({ y1: [[0, 1]], a: [[1, 2]], y2: [[1, 0]] })
    const { columns } = await prepared(read, { target: ['y2', 'y1'] })
    expect(columns.map(({ role }) => role)).toEqual(['target', 'feature', 'target'])
  })

  test('a shape stays while the features are as many', async () => {
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

test('warnings name what may spoil a training', async () => {
  const rows = Array.from({ length: 60 }, (_, row) => row)
  const dataset = await prepared(
    reading({
      same: [rows.map(() => 5)],
      tiny: [rows.map((row) => row / 1e6)],
      huge: [rows.map((row) => row * 1e6)],
      many: [rows.map((row) => `c${row}`)],
      class: [rows.map((row) => (row < 3 ? 'rare' : 'common'))],
    }),
  )
  expect(dataset.warnings.map(({ code, columns }) => [code, ...columns])).toEqual([
    ['constant-column', 'same'],
    ['rare-class', 'class'],
    ['many-categories', 'many'],
    ['mixed-scales', 'tiny', 'huge'],
  ])
  expect(dataset.warnings[1].message).toBe('class has classes of fewer than 5 rows: rare 3')
})

test('whatever batches a table comes in, what is stored is the same', async () => {
  const row = fc.record({
    a: fc.oneof(
      // A zero's sign is not in its text.
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0),
      fc.constant(''),
    ),
    b: fc.constantFrom('x', 'y', '?', '__proto__'),
    y: fc.integer(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 3, maxLength: 20 }), fc.nat(), async (rows, where) => {
      // The first batch decides what a column is, so each begins with a row that has everything.
      const all = [{ a: 1, b: 'x', y: 2 }, ...rows]
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
      const missing = mean('a')
      const { chunks, ...whole } = await prepared(reading(pick('whole')), { missing })
      const { chunks: pieces, ...parts } = await prepared(reading(pick('parts')), { missing })
      expect(parts).toEqual(whole)
      expect(whole.data.map(([a, b, y]) => [a ?? '', b, y])).toEqual(
        all.filter(({ b }) => b !== '?').map(({ a, b, y }) => [a, b, y]),
      )
      expect(pieces.length).toBeGreaterThanOrEqual(chunks.length)
    }),
  )
})
