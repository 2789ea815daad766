/** Tensors of the Open Inference Protocol: elements at the limits of their types, and damaged binary data. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Cell } from '../../src/contract/dataset.js'
import { type RequestInput, type TensorType, tensorTypes } from '../../src/contract/inference.js'
import { Problem } from '../../src/contract/problems.js'
import { InputError } from '../../src/datasets/input-error.js'
import type { ExportableModel } from '../../src/exports/exporter.js'
import { type BinaryData, readRequest } from '../../src/training/inference/read-request.js'
import { readTensor } from '../../src/training/inference/tensor-reader.js'
import { finish } from '../support/finish.js'

const input = (datatype: TensorType, others: Partial<RequestInput> = {}): RequestInput => {
  return { name: 'x', shape: [1, 1], datatype, ...others }
}

/** The elements of a tensor; an error in place of one that the type does not have. */
function readAll(tensor: RequestInput, count: number, bytes: Uint8Array | null): (Cell | string)[] {
  const read = finish(readTensor(tensor, count, bytes))
  return Array.from({ length: count }, (_, index) => {
    try {
      return read(index)
    } catch (error) {
      if (error instanceof InputError) return `! ${error.message}`
      throw error
    }
  })
}

const fromJson = (datatype: TensorType, ...data: unknown[]) =>
  readAll(input(datatype, { data }), data.length, null)

function fromBytes(datatype: TensorType, count: number, write: (view: DataView) => void, size: number) {
  const view = new DataView(new ArrayBuffer(size))
  write(view)
  return readAll(input(datatype), count, new Uint8Array(view.buffer))
}

describe('an element of JSON', () => {
  it.each<[TensorType, unknown, Cell]>([
    ['BOOL', true, 1],
    ['BOOL', false, 0],
    ['UINT8', 255, 255],
    ['UINT16', 65_535, 65_535],
    ['UINT32', 4_294_967_295, 4_294_967_295],
    ['UINT64', Number.MAX_SAFE_INTEGER, 9_007_199_254_740_991],
    ['INT8', -128, -128],
    ['INT16', -32_768, -32_768],
    ['INT32', 2_147_483_647, 2_147_483_647],
    ['INT64', -9_007_199_254_740_991, -9_007_199_254_740_991],
    ['FP32', 0.1, 0.10000000149011612],
    ['FP32', null, null],
    ['FP64', 0.1, 0.1],
    ['FP64', null, null],
    ['BYTES', 'red', 'red'],
    ['BYTES', '', null],
  ])('of %s may be %j', (datatype, value, cell) => expect(fromJson(datatype, value)).toEqual([cell]))

  it.each<[TensorType, unknown]>([
    ['BOOL', 1],
    ['BOOL', 'true'],
    ['UINT8', 256],
    ['UINT8', -1],
    ['UINT8', 1.5],
    ['UINT64', 9_007_199_254_740_992],
    ['INT8', 128],
    ['INT8', -129],
    ['INT64', -9_007_199_254_740_992],
    ['INT32', '1'],
    ['INT32', null],
    ['FP32', 3.5e38],
    ['FP64', '1'],
    ['FP64', true],
    ['FP64', {}],
    ['BYTES', 1],
    ['BYTES', null],
  ])('of %s may not be %j', (datatype, value) => {
    expect(fromJson(datatype, value)).toEqual([expect.stringContaining(`is not ${datatype}`)])
  })

  it('may be in nested lists', () => {
    expect(readAll(input('FP64', { data: [[[1], [2]], [3], 4] }), 4, null)).toEqual([1, 2, 3, 4])
  })
})

describe('an element of binary data', () => {
  it('is little-endian', () => {
    expect(fromBytes('UINT16', 2, (view) => view.setUint16(2, 0x0102, true), 4)).toEqual([0, 258])
    expect(fromBytes('INT16', 1, (view) => view.setInt16(0, -2, true), 2)).toEqual([-2])
    expect(fromBytes('UINT32', 1, (view) => view.setUint32(0, 2 ** 32 - 1, true), 4)).toEqual([4_294_967_295])
    expect(fromBytes('INT32', 1, (view) => view.setInt32(0, -(2 ** 31), true), 4)).toEqual([-2_147_483_648])
    expect(fromBytes('FP32', 1, (view) => view.setFloat32(0, 1.5, true), 4)).toEqual([1.5])
    expect(fromBytes('FP64', 1, (view) => view.setFloat64(0, -0.1, true), 8)).toEqual([-0.1])
    expect(fromBytes('INT8', 1, (view) => view.setInt8(0, -1), 1)).toEqual([-1])
  })

  it('of a 64-bit integer must be exact as a number', () => {
    const write = (...values: bigint[]) =>
      fromBytes(
        'INT64',
        values.length,
        (view) => {
          for (const [index, value] of values.entries()) view.setBigInt64(8 * index, value, true)
        },
        8 * values.length,
      )
    expect(write(2n ** 53n, -(2n ** 62n), 2n ** 53n + 2n)).toEqual([2 ** 53, -(2 ** 62), 2 ** 53 + 2])
    expect(write(2n ** 53n + 1n)).toEqual([expect.stringContaining('element 0 is an integer that')])
    const largest = fromBytes('UINT64', 1, (view) => view.setBigUint64(0, 2n ** 64n - 1n, true), 8)
    expect(largest).toEqual([expect.stringContaining('cannot hold exactly')])
  })

  it('of a number may be missing', () => {
    expect(fromBytes('FP32', 1, (view) => view.setFloat32(0, Number.NaN, true), 4)).toEqual([null])
    expect(fromBytes('FP64', 1, (view) => view.setFloat64(0, Number.NaN, true), 8)).toEqual([null])
  })

  it('of a boolean is 0 or 1', () => {
    expect(readAll(input('BOOL'), 3, Uint8Array.of(0, 1, 2))).toEqual([
      0,
      1,
      expect.stringContaining('element 2 is neither 0 nor 1'),
    ])
  })
})

/** Texts, each after its length. */
function texts(...values: string[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(Buffer.byteLength(value))
      return [length, Buffer.from(value)]
    }),
  )
}

const sizes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP32: 4,
  FP64: 8,
}

describe('binary texts', () => {
  it('are UTF-8, and empty if they are missing', () => {
    expect(readAll(input('BYTES'), 3, texts('é', '', '\ufeffa'))).toEqual(['é', null, '\ufeffa'])
  })

  const lie = (length: number) => {
    const bytes = texts('red', 'blue')
    bytes.writeUInt32LE(length, 0)
    return bytes
  }

  it.each([
    ['a length beyond the data', lie(2 ** 32 - 1), 2, 'ends within element 0 of 2, after 15 bytes'],
    ['a length one too large', lie(4), 2, 'ends within element 1 of 2'],
    ['a length one too small', lie(2), 2, 'ends within element 1 of 2'],
    ['an incomplete length', texts('red').subarray(0, 3), 1, 'ends within element 0 of 1, after 3 bytes'],
    ['fewer elements', texts('red'), 2, 'ends within element 1 of 2, after 7 bytes'],
    ['more elements', texts('red', 'blue'), 1, '8 bytes of binary data after its 1 elements'],
    ['other bytes than UTF-8', Buffer.from([1, 0, 0, 0, 0xff]), 1, 'element 0 that is not UTF-8'],
  ])('with %s are refused', (_, bytes, count, says) => {
    expect(() => readAll(input('BYTES'), count, bytes)).toThrow(says)
  })
})

it('any bytes are read or refused, and never more elements than the shape has', () => {
  const anyTensor = fc.record({
    datatype: fc.constantFrom(...tensorTypes),
    count: fc.integer({ min: 0, max: 8 }),
    bytes: fc.uint8Array({ maxLength: 64 }),
  })
  fc.assert(
    fc.property(anyTensor, ({ datatype, count, bytes }) => {
      try {
        const cells = readAll(input(datatype), count, bytes)
        if (datatype !== 'BYTES') expect(bytes.length).toBe(count * sizes[datatype])
        expect(cells).toHaveLength(count)
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
      }
    }),
    { numRuns: 2_000 },
  )
})

describe('a request', () => {
  const model: ExportableModel = {
    id: `mdl_${'0'.repeat(32)}`,
    name: null,
    layers: [],
    loss: 'squaredError',
    columns: ['a', 'day'],
    classes: null,
    threshold: null,
    epoch: null,
    network: { inputShape: [2], layers: [{ type: 'dense', units: 1, activation: 'linear', useBias: true }] },
    coding: {
      features: [
        { type: 'number', name: 'a', offset: 0, scale: 1 },
        { type: 'date', name: 'day', first: 0, parts: [] },
      ],
      target: { type: 'number', names: ['y'] },
    },
  }

  const tensor = (name: string, others: Partial<RequestInput>): RequestInput => {
    return { name, shape: [1, 1], datatype: 'FP64', ...others }
  }
  const sized = (name: string, size: unknown) =>
    tensor(name, { parameters: { binary_data_size: size as number } })

  const rowsOf = (inputs: RequestInput[], binary: BinaryData | null = null) =>
    finish(readRequest(model, { inputs }, binary))

  it('has rows in the order of the columns, dates as texts', () => {
    const inputs = [
      tensor('day', { shape: [3, 1], data: [0, 19_753.5, null] }),
      tensor('a', { shape: [3, 1], data: [1, 2, 3] }),
    ]
    const rows = rowsOf(inputs)
    expect([rows.at(0), rows.at(1), rows.at(2)]).toEqual([
      [1, '1970-01-01'],
      [2, '2024-01-31T12:00:00.000Z'],
      [3, null],
    ])
  })

  it('names the row of an element that its column cannot have', () => {
    const rows = rowsOf([
      tensor('a', { shape: [2, 1], data: [1, 2] }),
      tensor('day', { shape: [2, 1], data: [0, 1e12] }),
    ])
    expect(rows.at(0)).toEqual([1, '1970-01-01'])
    expect(() => rows.at(1)).toThrow(
      expect.objectContaining({
        pointer: '/1',
        message: expect.stringContaining('day: "1000000000000" is not a number of days'),
      }),
    )
  })

  const bytes = (length: number) => ({ bytes: new Uint8Array(length), isRaw: false })

  it.each<[string, RequestInput[], BinaryData | null, string]>([
    ['more than the body', [sized('a', 8), sized('day', 9)], bytes(16), 'an integer from 0 to 8'],
    ['negative sizes', [sized('a', -8), sized('day', 8)], bytes(8), 'has the binary_data_size -8'],
    ['fractions of bytes', [sized('a', 7.5), sized('day', 8)], bytes(16), 'has the binary_data_size 7.5'],
    ['sizes that are texts', [sized('a', '8'), sized('day', 8)], bytes(16), 'must be an integer'],
    ['sizes without binary data', [sized('a', 8), sized('day', 8)], null, 'an integer from 0 to 0'],
    ['data and a size', [{ ...sized('a', 8), data: [1] }, sized('day', 8)], bytes(16), 'both data and'],
    ['bytes of no input', [sized('a', 8), tensor('day', { data: [1] })], bytes(9), '1 bytes after the JSON'],
    [
      'too few bytes',
      [sized('a', 7), sized('day', 9)],
      bytes(16),
      '"a" has 7 bytes of binary data, but 1 elements',
    ],
    ['10,001 rows', [tensor('a', { shape: [10_001, 1] }), sized('day', 8)], null, '10001 rows'],
    ['a side of 2 ** 53', [tensor('a', { shape: [1, 2 ** 53] }), sized('day', 8)], null, 'must be [1,1]'],
  ])('with %s is refused', (_, inputs, binary, says) => {
    expect(() => rowsOf(inputs, binary)).toThrow(says)
  })
})
