/** Categories, booleans and missing values: learned from the training rows, and the same in predictions. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Coding, type ImageFormat, inputWidth, type Scaling } from '../../src/contract/dataset.js'
import type { Loss } from '../../src/contract/network.js'
import type { Preparation } from '../../src/contract/preparation.js'
import { checkValidationColumns } from '../../src/datasets/compatibility.js'
import { encode } from '../../src/datasets/encoding.js'
import type { Part } from '../../src/datasets/feature-coding.js'
import { InputError } from '../../src/datasets/input-error.js'
import { decode } from '../../src/datasets/prediction.js'
import { encodeInputs, encodeRows, type InputRow } from '../../src/datasets/raw-rows.js'
import { type Columns, prepared, reading, type Stored } from '../support/prepared.js'

interface Options {
  outputs?: number
  loss?: Loss
  scaling?: Scaling
  image?: ImageFormat | null
}

/** Trains on the given rows, validates on all others, or on those of another table. */
function encoded(
  table: Stored,
  trainingRows: number[],
  { outputs = 1, loss = 'squaredError', scaling = 'none', image = null }: Options = {},
  other?: Stored,
) {
  const training: Part = { table, rows: Int32Array.from(trainingRows) }
  const rest = Array.from({ length: table.rows }, (_, row) => row).filter(
    (row) => !trainingRows.includes(row),
  )
  const validation: Part =
    other === undefined
      ? { table, rows: Int32Array.from(rest) }
      : { table: other, rows: Int32Array.from({ length: other.rows }, (_, row) => row) }
  const width = inputWidth(table.columns)
  const views = {
    trainingX: new Float32Array(training.rows.length * width).fill(Number.NaN),
    trainingY: new Float32Array(training.rows.length * outputs).fill(Number.NaN),
    validationX: new Float32Array(validation.rows.length * width).fill(Number.NaN),
    validationY: new Float32Array(validation.rows.length * outputs).fill(Number.NaN),
  }
  const coding = encode(training, validation, { outputs, loss, scaling, image }, views)
  const inputs = (x: Float32Array) =>
    Array.from({ length: x.length / width }, (_, row) => [...x.subarray(row * width, (row + 1) * width)])
  return { coding, ...views, training: inputs(views.trainingX), validation: inputs(views.validationX) }
}

const missing: Preparation['missing'] = { everywhere: 'mean', columns: [] }
const mixed: Columns = {
  age: [['10', '30', '', '90']],
  city: [['Rom', 'Bonn', 'Rom', 'Oslo']],
  member: [['true', '', 'true', 'false']],
  y: [['1', '2', '3', '4']],
}

describe('a mixed table', () => {
  test('becomes numbers, one-hot categories and booleans, with missing values imputed from the training rows', async () => {
    const table = await prepared(reading(mixed), { missing })
    const { coding, training, validation } = encoded(table, [0, 1, 2], { scaling: 'standardize' })
    expect(coding.features).toEqual([
      { type: 'number', name: 'age', offset: 20, scale: 10, imputation: 20 },
      {
        type: 'category',
        name: 'city',
        categories: ['Bonn', 'Oslo', 'Rom'],
        unseen: ['Oslo'],
        imputation: 'Rom',
      },
      { type: 'boolean', name: 'member', imputation: true },
    ])
    expect(training).toEqual([
      [-1, 0, 0, 1, 1],
      [1, 1, 0, 0, 1],
      [0, 0, 0, 1, 1],
    ])
    // No training row was from Oslo, so the network cannot know what it means.
    expect(validation).toEqual([[7, 0, 0, 0, 0]])
  })

  test('has the imputed category as unseen if no training row had a missing value', async () => {
    const columns: Columns = { city: [['Rom', 'Bonn', '', 'Rom']], y: [['1', '2', '3', '4']] }
    const fill = { everywhere: 'drop' as const, columns: [{ name: 'city', rule: { constant: 'none' } }] }
    const table = await prepared(reading(columns), { missing: fill })
    const whole = encoded(table, [0, 1, 3])
    expect(whole.coding.features[0]).toMatchObject({ unseen: ['none'], imputation: 'none' })
    expect(whole.validation).toEqual([[0, 0, 0]])
    const gaps = encoded(table, [0, 1, 2])
    expect(gaps.coding.features[0]).not.toHaveProperty('unseen')
    expect(gaps.training[2].reduce((sum, value) => sum + value, 0)).toBe(1)
  })

  test('is scaled from 0 to 1 over the training rows', async () => {
    const table = await prepared(reading(mixed), { missing })
    const { coding, training, validation } = encoded(table, [0, 1, 2], { scaling: 'minMax' })
    expect(coding.features[0]).toEqual({ type: 'number', name: 'age', offset: 10, scale: 20, imputation: 20 })
    expect(training.map(([age]) => age)).toEqual([0, 1, 0.5])
    expect(validation.map(([age]) => age)).toEqual([4])
  })

  test('is imputed with constants on request', async () => {
    const constant = (name: string, value: string) => ({ name, rule: { constant: value } })
    const columns = [constant('age', '-1'), constant('member', 'false')]
    const table = await prepared(reading(mixed), { missing: { everywhere: 'drop', columns } })
    const { training } = encoded(table, [0, 1, 2, 3])
    expect(training.map(([age]) => age)).toEqual([10, 30, -1, 90])
    expect(training.map((row) => row.at(-1))).toEqual([1, 0, 1, 0])
  })

  test('pixels of an image share one offset and scale', async () => {
    const table = await prepared(reading({ p1: [[0, 0]], p2: [[2, 6]], y: [[0, 1]] }))
    const { coding } = encoded(table, [0, 1], {
      scaling: 'standardize',
      image: { width: 2, height: 1, channels: 1 },
    })
    const scale = Math.sqrt(6)
    expect(coding.features).toMatchObject([
      { type: 'number', name: 'p1', offset: 2, scale: expect.closeTo(scale, 12) },
      { type: 'number', name: 'p2', offset: 2, scale: expect.closeTo(scale, 12) },
    ])
  })
})

describe('targets', () => {
  test('of a boolean are two classes; several are separate labels', async () => {
    const table = await prepared(reading({ a: [[1, 2]], on: [['true', 'false']] }))
    const binary = encoded(table, [0, 1], { loss: 'binaryCrossentropy' })
    expect(binary.coding.target).toEqual({ type: 'binary', name: 'on', classes: ['false', 'true'] })
    expect([...binary.trainingY]).toEqual([1, 0])
    const several = await prepared(reading({ a: [[1, 2]], on: [['true', 'false']], new: [['no', 'yes']] }), {
      target: ['on', 'new'],
      types: [{ name: 'new', type: 'boolean' }],
    })
    const labels = encoded(several, [0, 1], { outputs: 2, loss: 'binaryCrossentropy' })
    expect(labels.coding.target).toEqual({ type: 'multiLabel', names: ['on', 'new'] })
    expect([...labels.trainingY]).toEqual([1, 0, 0, 1])
    const reads = { lastActivation: 'sigmoid', loss: 'binaryCrossentropy' } as const
    expect(decode(labels.coding, [0.75, 0.25], reads)).toEqual({
      output: [0.75, 0.25],
      labels: ['on'],
      probabilities: { on: 0.75, new: 0.25 },
    })
  })

  test('of several columns of 0 and 1 are labels; a category among several is refused', async () => {
    const numbers = await prepared(reading({ a: [[1, 2]], b: [[0, 1]], c: [[1, 1]] }), { target: ['b', 'c'] })
    const options = { outputs: 2, loss: 'binaryCrossentropy' } as const
    expect(encoded(numbers, [0, 1], options).coding.target).toEqual({ type: 'multiLabel', names: ['b', 'c'] })
    const words = await prepared(reading({ a: [[1, 2]], b: [[0, 1]], c: [['x', 'y']] }), {
      target: ['b', 'c'],
    })
    expect(() => encoded(words, [0, 1], options)).toThrow(
      'each must be a number or a boolean: c is a category',
    )
    expect(() => encoded(numbers, [0, 1], { outputs: 3, loss: 'binaryCrossentropy' })).toThrow(
      'give it 2 units',
    )
  })
})

describe('another table to validate on', () => {
  const training = (missing?: Preparation['missing']) =>
    prepared(
      reading({ a: [[1, 3]], city: [['Rom', 'Bonn']], y: [['no', 'yes']] }),
      missing === undefined ? {} : { missing },
    )

  test('is encoded like the training rows, with any order of columns and codes', async () => {
    const other = await prepared(reading({ y: [['yes', 'yes']], city: [['Bonn', 'Rom']], a: [[5, 1]] }), {
      target: ['y'],
    })
    const table = await training()
    checkValidationColumns(table.columns, other.columns)
    const { validation, validationY } = encoded(
      table,
      [0, 1],
      { loss: 'binaryCrossentropy', scaling: 'minMax' },
      other,
    )
    expect(validation).toEqual([
      [2, 1, 0],
      [0, 0, 1],
    ])
    expect([...validationY]).toEqual([1, 1])
  })

  test('matches by name; other roles, more columns and unknown categories are allowed', async () => {
    const columns = { city: [['Oslo', 'Rom']], z: [[1, 2]], y: [['no', 'yes']], a: [['5', '1']] }
    const other = await prepared(reading(columns), {
      target: ['a'],
      types: [{ name: 'a', type: 'category' }],
    })
    const table = await training()
    checkValidationColumns(table.columns, other.columns)
    const { validation, validationY } = encoded(table, [0, 1], { loss: 'binaryCrossentropy' }, other)
    expect(validation).toEqual([
      [5, 0, 0],
      [1, 0, 1],
    ])
    expect([...validationY]).toEqual([0, 1])
  })

  test('may have categories as numbers, unless that changes them', async () => {
    const zips = (zip: string[][]) => ({ zip, y: [['no', 'yes']] })
    const types: Preparation['types'] = [{ name: 'zip', type: 'category' }]
    const plain = await prepared(reading(zips([['7', '80331']])), { types })
    const numbers = await prepared(reading({ zip: [[80331, 7]], y: [['no', 'yes']] }))
    checkValidationColumns(plain.columns, numbers.columns)
    const { validation } = encoded(plain, [0, 1], { loss: 'binaryCrossentropy' }, numbers)
    expect(validation).toEqual([
      [0, 1],
      [1, 0],
    ])
    const padded = await prepared(reading(zips([['007', '80331']])), { types })
    expect(() => checkValidationColumns(padded.columns, numbers.columns)).toThrow(
      'has zip as a number, which changes "007" to "7": upload it with types=zip:category',
    )
  })

  test.each<[Columns, string[], string]>([
    [{ a: [[1]], y: [['no']] }, ['y'], 'has no column "city", which is a feature of the training dataset'],
    [
      { a: [['x']], city: [['Rom']], y: [['no']] },
      ['y'],
      'has a as a category, the training dataset as a number',
    ],
    [
      { a: [[1]], city: [['Rom']], y: [['maybe']] },
      ['y'],
      'has the class "maybe" in y; the classes of the training dataset are no, yes',
    ],
  ])('%j is refused', async (columns, target, message) => {
    const other = await prepared(reading(columns), { target })
    const table = await training()
    expect(() => checkValidationColumns(table.columns, other.columns)).toThrow(
      `the validation dataset ${message}`,
    )
  })

  test('with missing values without imputation is refused', async () => {
    const gaps = { a: [['1', '']], city: [['Rom', 'Rom']], y: [['no', 'yes']] }
    const other = await prepared(reading(gaps), { missing })
    const table = await training({ everywhere: 'drop', columns: [] })
    expect(() => checkValidationColumns(table.columns, other.columns)).toThrow('has rows without a')
  })
})

describe('predictions', () => {
  test('encode raw values to the same bits as training rows', async () => {
    const row = fc.record({
      age: fc.oneof(fc.integer({ min: -1e6, max: 1e6 }), fc.constant(null)),
      city: fc.constantFrom('Rom', 'Bonn', '__proto__', null),
      member: fc.constantFrom(true, false, null),
    })
    const full = [
      { age: 1, city: 'Rom', member: true },
      { age: 2, city: 'Bonn', member: false },
      { age: 2, city: '__proto__', member: false },
    ]
    const scaling = fc.constantFrom<Scaling>('standardize', 'minMax', 'none')
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), scaling, async (some, scaling) => {
        const rows = [...full, ...some]
        const text = (value: unknown) => (value === null ? '' : String(value))
        const columns: Columns = {
          age: [rows.map(({ age }) => text(age))],
          city: [rows.map(({ city }) => text(city))],
          member: [rows.map(({ member }) => text(member))],
          y: [rows.map(() => '1')],
        }
        const table = await prepared(reading(columns), { missing })
        const { coding, trainingX } = encoded(table, [...rows.keys()], { scaling })
        expect(encodeInputs(coding, rows)).toEqual(trainingX)
        expect(
          encodeInputs(
            coding,
            rows.map(({ age, city, member }) => [age, city, member]),
          ),
        ).toEqual(trainingX)
      }),
    )
  })

  const coding: Coding = {
    features: [
      { type: 'number', name: 'age', offset: 0, scale: 1 },
      {
        type: 'category',
        name: 'city',
        categories: ['Bonn', 'Rom', '7'],
        unseen: ['Rom'],
        imputation: 'Bonn',
      },
      { type: 'boolean', name: 'member' },
    ],
    target: { type: 'number', names: ['y'] },
  }

  test('accept numbers as categories, 0 and 1 as booleans, and missing values with imputation', () => {
    expect(
      encodeInputs(coding, [
        { age: 1, city: 7, member: 1 },
        { age: 2, member: 'no' },
      ]),
    ).toEqual(Float32Array.of(1, 0, 0, 1, 1, 2, 1, 0, 0, 0))
  })

  test('encode unknown and unseen categories as zeros, with a warning; other rows of an invalid row succeed', () => {
    const coded = encodeRows(coding, [
      { age: 1, city: 'Wien', member: true },
      { age: 'old', city: 'Bonn', member: true },
      { age: 2, city: 'Rom', member: true },
    ])
    expect(coded.inputs).toEqual(Float32Array.of(1, 0, 0, 0, 1, 2, 0, 0, 0, 1))
    expect(coded.rows).toEqual([
      { row: 0, warnings: ['city: no training row has "Wien", so it is encoded as none of Bonn, 7'] },
      { row: 2, warnings: ['city: no training row has "Rom", so it is encoded as none of Bonn, 7'] },
    ])
    expect(coded.errors.map(({ row, error }) => [row, error.pointer, error.message])).toEqual([
      [1, '/1/age', 'age: "old" is not a number'],
    ])
  })

  test('accept blanks, other columns, other Unicode forms and missing values', () => {
    const taught: Coding = {
      features: [
        { type: 'number', name: 'größe', offset: 0, scale: 1, imputation: 9, decimal: 'comma' },
        { type: 'category', name: 'Obst', categories: ['(missing)', 'Äpfel'], imputation: '(missing)' },
        { type: 'boolean', name: 'reif', imputation: true },
      ],
      target: { type: 'number', names: ['y'] },
      ignored: ['notes', 'y'],
    }
    const rows: InputRow[] = [
      // Decomposed: a letter and a combining mark.
      { 'gro\u0308ße': ' 1.234,5 ', Obst: ' A\u0308pfel', reif: ' yes ', notes: 'late', y: 3 },
      { größe: 'NA', Obst: '', ' reif ': null },
    ]
    expect(encodeInputs(taught, rows)).toEqual(Float32Array.of(1234.5, 0, 1, 1, 9, 1, 0, 1))
    const unknown = () => encodeInputs(taught, [{ grösse: 1, Obst: 'Äpfel', reif: true }])
    expect(unknown).toThrow(
      '"grösse" is not an input; the inputs of this model are größe, Obst, reif; did you mean "größe"?',
    )
  })

  test('know the missing texts of the dataset, including numbers', async () => {
    const columns: Columns = {
      age: [[10, -99, 30]],
      size: [['1', '-99.0', '3']],
      city: [['-', 'NA', 'Bonn']],
      y: [[1, 2, 3]],
    }
    const table = await prepared(reading(columns), { missing, missingValues: ['-99', '-'] })
    expect(table.data).toEqual([
      [10, 1, null, 1],
      [null, null, 'NA', 2],
      [30, 3, 'Bonn', 3],
    ])
    const { coding: taught, training } = encoded(table, [0, 1, 2])
    // Means of 10 and 30, and of 1 and 3; Bonn and NA are equally frequent, and Bonn is the first.
    const gaps: InputRow = [20, 2, 'Bonn']
    expect(training).toEqual([
      [10, 1, 1, 0],
      [20, 2, 0, 1],
      [30, 3, 1, 0],
    ])
    const missed: InputRow[] = [
      { age: -99, size: '-99.00', city: ' - ' },
      { age: '-99', size: '', city: null },
    ]
    for (const row of missed) expect(encodeInputs(taught, [row])).toEqual(encodeInputs(taught, [gaps]))
    expect(encodeRows(taught, [[1, 'NA', 'NA']]).errors[0].error.message).toBe('size: "NA" is not a number')
  })

  test('match JSON numbers and booleans with categories, unless several match', () => {
    const features = [
      { type: 'category', name: 'floor', categories: ['(missing)', '1.0', '2.0'] },
      { type: 'category', name: 'alone', categories: ['False', 'True'] },
      { type: 'category', name: 'zip', categories: ['01', '1'] },
    ] satisfies Coding['features']
    const taught: Coding = { features, target: { type: 'number', names: ['y'] } }
    const coded = encodeRows(taught, [
      { floor: 2, alone: true, zip: 1 },
      { floor: '2', alone: 'true', zip: '01' },
    ])
    expect([...coded.inputs.subarray(0, 7)]).toEqual([0, 0, 1, 0, 1, 0, 1])
    expect([...coded.inputs.subarray(7)]).toEqual([0, 0, 0, 0, 0, 1, 0])
    expect(coded.rows.map(({ warnings }) => warnings.length)).toEqual([0, 2])
  })

  test('refuse a repeated column in another spelling', () => {
    const row = { age: 1, ' age': 2, city: 'Bonn', member: true }
    const { errors } = encodeRows(coding, [row])
    expect(errors[0].error).toMatchObject({
      pointer: '/0/ age',
      message: '" age" and "age" are the same column; send it only once',
    })
  })

  test.each([
    [{ age: '5x', city: 'Bonn', member: true }, '/0/age', 'age: "5x" is not a number'],
    [{ age: true, city: 'Bonn', member: true }, '/0/age', 'age: "true" is not a number'],
    [
      { age: null, city: 'Bonn', member: true },
      '/0/age',
      'age: is missing, and this column has no imputation',
    ],
    [{ age: 1, city: 'Bonn', member: 2 }, '/0/member', 'member: "2" is not a boolean'],
    [{ age: 1, city: 'Bonn' }, '/0', 'member is missing'],
  ])('%j is refused', (row, pointer, message) => {
    const attempt = () => encodeInputs(coding, [row])
    expect(attempt).toThrow(InputError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ pointer }))
  })
})
