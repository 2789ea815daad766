/** Default targets and ignored columns. The expected results follow from the rules by hand. */
import { describe, expect, test } from 'vitest'
import { isIdName } from '../../src/datasets/column-names.js'
import { type Columns, prepared, reading, type Stored } from '../support/prepared.js'

/** 40 distinct numbers in no order: multiples of 7 modulo 41, in hundredths. */
const measured = Array.from({ length: 40 }, (_, row) => ((row * 7) % 41) / 100)
const each = <T>(of: (row: number) => T) => measured.map((_, row) => of(row))
const kinds = each((row) => 'abc'[row % 3])

const target = ({ columns }: Stored) => columns.find(({ role }) => role === 'target')?.name
const typeOf = ({ columns }: Stored, name: string) => columns.find((column) => column.name === name)?.type
const warningOf = ({ warnings }: Stored, name: string) =>
  warnings.find(({ code, columns }) => code !== 'assumption' && columns.includes(name))
const read = (columns: Record<string, (string | number)[]>, source = {}) =>
  reading(
    Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, [cells]])) as Columns,
    source,
  )

describe('the default target is the last column', () => {
  test.each<[what: string, last: (string | number)[]]>([
    ['prices that are all different', each((row) => 100_000 + ((row * 17) % 41) * 1_003)],
    ['prices that rise', each((row) => 30_000 + row * 1_003)],
    ['numbers with fractions', measured],
    ['numbers with a decimal comma', each((row) => `${row},5`)],
    ['few whole numbers', each((row) => row % 4)],
    ['booleans', each((row) => String(row % 2 === 0))],
  ])('%s', async (_, last) => {
    expect(target(await prepared(read({ x: measured, kind: kinds, last })))).toBe('last')
  })
})

describe('the default target is never', () => {
  test.each<[what: string, name: string, last: (string | number)[]]>([
    ['a count of the rows', 'n', each((row) => row)],
    ['a count of the rows in another order', 'n', each((row) => ((row * 7) % 40) + 1)],
    ['what is left of a count', 'n', each((row) => row + Math.floor(row / 3))],
    ["pandas' index", '__index_level_0__', each((row) => (row * 7) % 41)],
    ["pandas' index as CSV", 'Unnamed: 0', each((row) => (row * 7) % 41)],
    ['an id by name', 'customerId', each((row) => ((row * 7) % 41) * 11)],
    ['an id in capitals', 'PATIENT_ID', each((row) => ((row * 7) % 41) * 11)],
    ['a text that is different in every row', 'name', each((row) => `N${row}`)],
    ['a date', 'day', each((row) => `2024-0${1 + (row % 9)}-11`)],
    ['a column without a value', 'gap', each(() => '')],
  ])('%s', async (_, name, last) => {
    const dataset = await prepared(read({ x: measured, kind: kinds, [name]: last }))
    expect(target(dataset)).toBe('kind')
  })

  test('an unnamed column', async () => {
    const columns = ['x', 'kind', 'column3'].map((name) => ({
      name,
      ...(name === 'column3' ? { suggestedRole: 'feature' as const } : {}),
    }))
    const dataset = await prepared(read({ x: measured, kind: kinds, column3: measured }, { columns }))
    expect(target(dataset)).toBe('kind')
  })

  test('skipped without a warning', async () => {
    const dataset = await prepared(
      read({ x: measured, kind: kinds, price: each((row) => `$${row},${100 + row}`) }),
    )
    expect(dataset.warnings).toContainEqual({
      code: 'assumption',
      columns: ['kind'],
      message:
        'kind is the target, not the last column price, because "$39,139" is a text (write numbers like 1234.5, ' +
        'without units); otherwise: target=price',
    })
  })

  test('missing: without a better column it is the last named one, with a warning', async () => {
    const rows = each((row) => row)
    const dataset = await prepared(read({ a: rows, b: rows }))
    expect(target(dataset)).toBe('b')
    expect(dataset.warnings.map(({ message }) => message)).toContain(
      'b is the target because no column is better, although it is a row number; otherwise: target=NAME',
    )
  })
})

describe('ignored by default are', () => {
  const y = each((row) => ((row * 13) % 41) + 0.5)
  test.each<[what: string, name: string, cells: (string | number)[], code: string, remedy: string]>([
    ['ids of texts', 'user', each((row) => `u${row}`), 'identifier-column', 'types=user:category'],
    [
      'texts of which more than half differ',
      'code',
      each((row) => `c${Math.min(row, 24)}`),
      'identifier-column',
      'types=code:category',
    ],
    ['sentences', 'note', each((row) => `called on day ${row}`), 'free-text', 'types=note:category'],
    ['ids by name', 'ID', each((row) => ((row * 7) % 41) * 11), 'identifier-column', 'types=ID:number'],
    [
      'ids of which a few recur',
      'order_id',
      each((row) => ((Math.min(row, 37) * 7) % 41) * 11),
      'identifier-column',
      'types=order_id:number',
    ],
    ['counts of the rows', 'n', each((row) => row + 1), 'identifier-column', 'types=n:number'],
    [
      'ids beyond 2^53',
      'ref',
      each((row) => `90071992547409${row + 93}`),
      'identifier-column',
      'types=ref:category',
    ],
    [
      'columns of which more than half is missing',
      'rare',
      each((row) => (row % 3 === 0 ? String(row / 4) : '')),
      'mostly-missing',
      'types=rare:number',
    ],
    [
      'measurements with a word among them',
      'size',
      each((row) => (row === 20 ? 'broken' : `${row}.25`)),
      'mixed-column',
      'missingValues=broken',
    ],
    [
      'dates with a word among them',
      'due',
      each((row) => (row === 20 ? 'soon' : `2024-01-${10 + (row % 20)}T${10 + (row % 13)}:00:00Z`)),
      'mixed-column',
      'missingValues=soon',
    ],
    ['numbers with units', 'fee', each((row) => `${row} %`), 'numbers-as-text', 'types=fee:category'],
  ])('%s', async (_, name, cells, code, remedy) => {
    const dataset = await prepared(read({ [name]: cells, x: measured, y }))
    expect(typeOf(dataset, name)).toBe('ignored')
    expect(warningOf(dataset, name)?.code).toBe(code)
    expect(warningOf(dataset, name)?.message.endsWith(`to use it: ${remedy}`)).toBe(true)
  })

  test('but not a column with a word such as None in most cells, which is a category', async () => {
    const damage = each((row) => (row % 8 === 0 ? ['Minor', 'Major'][(row / 8) % 2] : 'None'))
    const { columns } = await prepared(read({ damage, x: measured, y }))
    // 5 of 40 rows are not None.
    expect(columns[0]).toMatchObject({
      type: 'category',
      categories: ['(missing)', 'Major', 'Minor'],
      counts: [35, 2, 3],
      imputation: { constant: '(missing)' },
    })
  })

  test('but not numbers with many words, which are a category', async () => {
    const ticket = each((row) => (row % 4 === 0 ? `A/5 ${row}` : String(1_000 + row * 7)))
    expect(warningOf(await prepared(read({ ticket, x: measured, y })), 'ticket')?.code).toBe(
      'identifier-column',
    )
  })

  test('but not a column of months, or one with a requested type', async () => {
    const dataset = await prepared(read({ month: each((row) => row + 1), x: measured, y }))
    expect(typeOf(dataset, 'month')).toBe('number')
    const types = [{ name: 'n', type: 'number' as const }]
    expect(typeOf(await prepared(read({ n: each((row) => row), x: measured, y }), { types }), 'n')).toBe(
      'number',
    )
  })

  test('but not a number column if there is no other feature', async () => {
    const rows = each((row) => row)
    expect(typeOf(await prepared(read({ hours: rows, y })), 'hours')).toBe('number')
    expect(typeOf(await prepared(read({ n: rows, y })), 'n')).toBe('number')
    await expect(prepared(read({ user: rows.map((row) => `u${row}`), y }))).rejects.toThrow(
      'the file has no feature column; user is ignored because it has 40 different texts in 40 rows; to use it: ' +
        'types=user:category',
    )
  })
})

test.each([
  ['id', true],
  ['ID', true],
  ['Nr.', true],
  ['PassengerId', true],
  ['customer_id', true],
  ['Customer No', true],
  ['paid', false],
  ['humid', false],
  ['monkey', false],
  ['Id of the house owner', false],
])('%s is the name of an identifier: %s', (name, is) => {
  expect(isIdName(name)).toBe(is)
})

describe('a target of integers', () => {
  const classes = (dataset: Stored) => dataset.columns.find(({ role }) => role === 'target')?.categories
  test('has classes if few values recur', async () => {
    const dataset = await prepared(read({ x: measured, y: each((row) => (row % 3) + 1) }))
    expect(classes(dataset)).toEqual(['1', '2', '3'])
    expect(dataset.warnings.find(({ code }) => code === 'numbers-as-classes')?.message).toBe(
      'y has 3 different integers (1, 2, 3), which are used as classes; to predict a number: types=y:number',
    )
    expect(classes(await prepared(read({ x: measured, y: each((row) => row % 2) })))).toEqual(['0', '1'])
  })

  test('has numbers if the mean class has fewer than five rows, or on request', async () => {
    // 40 rows and 9 numbers: 4.4 rows each.
    expect(classes(await prepared(read({ x: measured, y: each((row) => row % 9) })))).toBeUndefined()
    const types = [{ name: 'y', type: 'number' as const }]
    expect(
      classes(await prepared(read({ x: measured, y: each((row) => row % 3) }), { types })),
    ).toBeUndefined()
  })

  test('has numbers if a value has a fraction', async () => {
    expect(classes(await prepared(read({ x: measured, y: each((row) => (row % 3) + 0.5) })))).toBeUndefined()
  })
})

describe('words such as None in a target', () => {
  const damage = each((row) => (row % 4 === 0 ? ['Minor', 'Major'][(row / 4) % 2] : 'None'))
  test('are classes when they are frequent', async () => {
    const dataset = await prepared(read({ x: measured, seen: each((row) => (row % 5 ? 'y' : 'NA')), damage }))
    const column = dataset.columns.find(({ name }) => name === 'damage')
    // 10 of 40 rows are not None.
    expect(column).toMatchObject({ categories: ['Major', 'Minor', 'None'], counts: [5, 5, 30] })
    expect(dataset.warnings.find(({ code }) => code === 'missing-as-class')?.message).toBe(
      '"none" occurs in damage too often for a missing value, so it is a class; otherwise: missingValues=na,none',
    )
  })

  test('are missing values if missingValues says so, which drops too many rows here', async () => {
    const dataset = prepared(read({ x: measured, damage }), { missingValues: ['None'] })
    await expect(dataset).rejects.toThrow('30 of 40 rows have a missing value and would be dropped')
  })

  test('are missing values when they are rare', async () => {
    const rare = each((row) => (row === 5 ? 'NA' : 'ab'[row % 2]))
    expect(await prepared(read({ x: measured, rare }))).toMatchObject({ rows: 39, droppedRows: 1 })
  })
})
