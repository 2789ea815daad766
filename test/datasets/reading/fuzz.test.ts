/** Corrupt files give a result or a DatasetError, never a crash, a hang or another error. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DatasetError } from '../../../src/datasets/table.js'
import { type Files, readFiles } from './read-files.js'

const file = (name: string) => readFileSync(new URL(`./files/${name}`, import.meta.url))

/** Overwrites, removes, duplicates and inserts bytes. */
const damage = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'set' as const,
      'set' as const,
      'cut' as const,
      'double' as const,
      'truncate' as const,
    ),
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    length: fc.integer({ min: 1, max: 12 }),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
)

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

function damaged(original: Buffer, damages: Damage): Buffer {
  let bytes = Buffer.from(original)
  for (const { kind, place, length, byte } of damages) {
    const start = Math.floor(place * bytes.length)
    const end = Math.min(bytes.length, start + length)
    if (kind === 'set') bytes.fill(byte, start, end)
    else if (kind === 'truncate') bytes = bytes.subarray(0, start)
    else if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
    else bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  }
  return bytes
}

const text = Buffer.from('a,b,"c ""d"""\n1,2.5,"x\ny"\n-3e5,,grün\n')
const lines = Buffer.from('{"a":1,"b":"x"}\n{"a":null,"b":"\\u00fc"}\n{"b":true}\n')

test.each<[name: string, original: Buffer, others: Files]>([
  ['table.csv', text, {}],
  ['table.jsonl', lines, {}],
  ['snappy.parquet', file('snappy.parquet'), {}],
  ['zstd.parquet', file('zstd.parquet'), {}],
  ['gzip.parquet', file('gzip.parquet'), {}],
  ['fortran.npy', file('fortran-float32-big-endian.npy'), {}],
  ['int64.npy', file('int64.npy'), {}],
  ['train-and-test.npz', file('train-and-test.npz'), {}],
  ['words.npz', file('words.npz'), {}],
  ['images-idx3-ubyte', file('images-idx3-ubyte'), { 'labels-idx1-ubyte.gz': file('labels-idx1-ubyte.gz') }],
  ['labels-idx1-ubyte.gz', file('labels-idx1-ubyte.gz'), { 'images-idx3-ubyte': file('images-idx3-ubyte') }],
  ['pictures.zip', file('pictures.zip'), {}],
])(
  '%s, damaged',
  async (name, original, others) => {
    const outcomes = { read: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => {
        try {
          await readFiles({ [name]: damaged(original, damages), ...others })
          outcomes.read += 1
        } catch (error) {
          if (!(error instanceof DatasetError)) throw error
          expect(error.message.length).toBeGreaterThan(10)
          expect(error.message.length).toBeLessThan(1_000)
          outcomes.refused += 1
        }
      }),
      { numRuns: 150 },
    )
    expect(outcomes.refused).toBeGreaterThan(0)
  },
  60_000,
)
