/** Hostile files are refused at once and in little memory. Damaged files give a model or a refusal. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { Problem } from '../../src/contract/problems.js'
import { onnxExporter } from '../../src/exports/onnx/onnx-exporter.js'
import { importModel } from '../../src/imports/import-model.js'
import { builtFolder } from '../support/built.js'
import { exportableModel } from '../support/exportable.js'
import { underLoad } from '../support/waiting.js'
import { fixture, fixtureFile, safetensors, withHeader } from './fixtures.js'
import { onnxFile, withMetadata } from './onnx-files.js'

const none = Buffer.alloc(0)
const mega = 1024 * 1024

/** Safetensors: a header of one tensor. */
const tensor = (fields: object, data: Uint8Array = none) =>
  withHeader(JSON.stringify({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...fields } }), data)

function lengthOnly(length: bigint, rest: string): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(length)
  return Buffer.concat([bytes, Buffer.from(rest)])
}

const two = (first: [number, number], second: [number, number]) =>
  withHeader(
    JSON.stringify({
      a: { dtype: 'F32', shape: [1], data_offsets: first },
      b: { dtype: 'F32', shape: [1], data_offsets: second },
    }),
    Buffer.alloc(8),
  )

const coded = (metadata: Record<string, string>) =>
  safetensors({}, { __metadata__: { model: 'mdl_1', coding: '{}', ...metadata } })

/** A field of protobuf that holds bytes. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = []
  let rest = content.length
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  const tag = (number << 3) | 2
  const tags = tag > 0x7f ? [(tag & 0x7f) | 0x80, tag >> 7] : [tag]
  return Buffer.concat([Buffer.from([...tags, ...length]), content])
}

/** ModelProto with a graph of these bytes. */
const graph = (content: Uint8Array) => Buffer.concat([Buffer.from([0x08, 8]), field(7, content)])

/** An attribute that holds a graph, whose node has an attribute that holds a graph, … */
function nested(levels: number): Buffer {
  let content: Buffer = none
  // Built from within; each level adds some bytes.
  for (let level = 0; level < levels; level++) content = field(1, field(5, field(6, content)))
  return graph(content)
}

const gemm = { op: 'Gemm', inputs: ['x', 'w'], output: 'y' }
/** Each node squares the one before it, so the expression has 2^40 paths. */
const doubling = Array.from({ length: 40 }, (_, index) => {
  const before = index === 0 ? 'x' : `v${index - 1}`
  return { op: 'Mul', inputs: [before, before], output: `v${index}` }
})

const valid = {
  '0-mlp.onnx': fixtureFile('mlp.onnx'),
  '0-viewed.onnx': fixtureFile('viewed.onnx'),
  '0-mlp.safetensors': fixtureFile('mlp.safetensors'),
}

const lies: Record<string, Uint8Array> = {
  'length-of-2^63.safetensors': lengthOnly(2n ** 63n, '{}'),
  'length-beyond-the-file.safetensors': lengthOnly(100n, '{}'),
  'truncated.safetensors': fixtureFile('mlp.safetensors').subarray(0, -1),
  'truncated-header.safetensors': fixtureFile('mlp.safetensors').subarray(0, 100),
  'overlap.safetensors': two([0, 4], [2, 6]),
  'gap.safetensors': two([0, 2], [4, 8]),
  'out-of-range.safetensors': two([0, 4], [4, 12]),
  'backwards.safetensors': two([0, 4], [8, 4]),
  'sides-of-2^32.safetensors': tensor({ shape: [2 ** 32, 2 ** 32] }, Buffer.alloc(4)),
  'sides-of-2^32-and-0.safetensors': tensor({ shape: [0, 2 ** 32], data_offsets: [0, 0] }),
  'negative-side.safetensors': tensor({ shape: [-1] }, Buffer.alloc(4)),
  'fractional-side.safetensors': tensor({ shape: [1.5] }, Buffer.alloc(4)),
  'offset-of-2^53.safetensors': tensor({ data_offsets: [2 ** 53, 2 ** 53 + 4] }),
  'twice.safetensors': withHeader(
    '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{}}',
    Buffer.alloc(4),
  ),
  'deep.safetensors': withHeader(`{"a":${'['.repeat(4 * mega - 20)}`, none),
  'deep-objects.safetensors': withHeader('{"a":'.repeat(800_000), none),
  'spaces.safetensors': withHeader(`{}${' '.repeat(4 * mega - 10)}`, Buffer.alloc(4)),
  'long-name.safetensors': withHeader(`{"${'a'.repeat(4 * mega - 20)}":{}}`, none),
  'many-tensors.safetensors': withHeader(
    `{${Array.from({ length: 60_000 }, (_, index) => `"t${index}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
    none,
  ),
  'deep-metadata.safetensors': coded({ network: '['.repeat(3 * mega) }),
  'wide-metadata.safetensors': coded({ network: `[${'[],'.repeat(mega - 100_000)}[]]` }),
  'false-metadata.safetensors': coded({ network: '{"layers":[]}' }),
  'not-utf-8.safetensors': Buffer.concat([lengthOnly(4n, '{'), Buffer.from([0xff, 0xfe, 0x7d])]),
  'neither.bin': Buffer.from('PK\x03\x04 and more'),
  'empty.bin': none,
  'nesting.onnx': nested(2_000),
  'empty-nodes.onnx': graph(Buffer.alloc(20 * mega, Buffer.from([0x0a, 0x00]))),
  'empty-tensors.onnx': graph(Buffer.alloc(20 * mega, Buffer.from([0x2a, 0x00]))),
  'unknown-fields.onnx': graph(Buffer.alloc(20 * mega, Buffer.from([0x78, 0x00]))),
  'empty-names.onnx': graph(field(1, Buffer.alloc(20 * mega, Buffer.from([0x0a, 0x00])))),
  'packed-numbers.onnx': graph(field(5, field(7, Buffer.alloc(20 * mega, 1)))),
  'long-text.onnx': graph(field(2, Buffer.alloc(20 * mega, 0x61))),
  'groups.onnx': graph(Buffer.alloc(mega, 0x0b)),
  'length-beyond-the-file.onnx': Buffer.from([0x08, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  'endless-varint.onnx': Buffer.alloc(mega, 0xff).fill(0x08, 0, 1),
  'truncated.onnx': fixtureFile('cnn.onnx').subarray(0, -200),
  'sides-of-2^32.onnx': onnxFile({
    nodes: [gemm],
    tensors: { w: { dims: [2 ** 32, 2 ** 32], values: [1] } },
  }),
  'sides-of-2^32-and-0.onnx': onnxFile({ nodes: [gemm], tensors: { w: { dims: [0, 2 ** 32] } } }),
  'input-of-2^62.onnx': onnxFile({ nodes: [{ op: 'Relu', inputs: ['x'] }], input: ['N', 2 ** 31, 2 ** 31] }),
  'input-of-10^8.onnx': onnxFile({ nodes: [{ op: 'Relu', inputs: ['x'] }], input: ['N', 10_000, 10_000] }),
  'doubling.onnx': onnxFile({
    nodes: [...doubling, { op: 'Relu', inputs: ['v39'], output: 'y' }],
  }),
  'cycle.onnx': onnxFile({
    nodes: [
      { op: 'Add', inputs: ['x', 'y'], output: 'a' },
      { op: 'Relu', inputs: ['a'], output: 'y' },
    ],
  }),
  'external.onnx': onnxFile({
    nodes: [gemm],
    tensors: {
      w: { dims: [2, 2], data_location: 1, external_data: [{ key: 'location', value: '../../etc/passwd' }] },
    },
  }),
  'many-layers.onnx': onnxFile({
    nodes: Array.from({ length: 5_000 }, (_, index) => {
      return {
        op: 'Relu',
        inputs: [index === 0 ? 'x' : `v${index - 1}`],
        output: index === 4_999 ? 'y' : `v${index}`,
      }
    }),
  }),
  'deep-metadata.onnx': withMetadata(fixtureFile('mlp.onnx'), {
    model: 'mdl_1',
    coding: '['.repeat(4 * mega),
  }),
}

describe('a hostile file', () => {
  const result = z.object({
    name: z.string(),
    outcome: z.string(),
    message: z.string(),
    milliseconds: z.number(),
    megabytes: z.number(),
  })
  let folder = ''
  let results: z.infer<typeof result>[] = []

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'descent-test-'))
    for (const [name, bytes] of Object.entries({ ...valid, ...lies }))
      writeFileSync(join(folder, name), bytes)
    const probe = fileURLToPath(new URL('hostile-probe.mjs', import.meta.url))
    const network = JSON.stringify(fixture('mlp').network)
    const args = [probe, fileURLToPath(builtFolder), folder, network]
    results = z.array(result).parse(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is read among valid ones', () => {
    const names = results.filter(({ outcome }) => outcome === 'imported').map(({ name }) => name)
    expect(names).toEqual(Object.keys(valid).toSorted())
  })

  it.each(Object.keys(lies))('%s is refused within 100 ms and 50 MB', (name) => {
    const found = results.find((each) => each.name === name)
    expect(found).toMatchObject({ outcome: 'refused' })
    expect(found?.milliseconds).toBeLessThan(underLoad(100))
    expect(found?.megabytes).toBeLessThan(50)
  })
})

/** Overwrites, removes and doubles bytes. */
const damages = fc.array(
  fc.record({
    kind: fc.constantFrom('set' as const, 'set' as const, 'cut' as const, 'double' as const, 'end' as const),
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
)

function damage(original: Buffer, all: typeof damages extends fc.Arbitrary<infer T> ? T : never): Buffer {
  let bytes = Buffer.from(original)
  for (const { kind, place, length, byte } of all) {
    const start = Math.floor(place * bytes.length)
    const end = Math.min(bytes.length, start + length)
    if (kind === 'set') bytes.fill(byte, start, end)
    else if (kind === 'end') bytes = bytes.subarray(0, start)
    else if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
    else bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  }
  return bytes
}

const own = exportableModel(
  { network: { inputShape: [3], layers: [{ type: 'dense', units: 2, activation: 'gelu' }] }, loss: 'huber' },
  1,
)

test.each<[string, Uint8Array, boolean]>([
  ['mlp.safetensors', fixtureFile('mlp.safetensors'), true],
  ['signal-BF16.safetensors', fixtureFile('signal-BF16.safetensors'), true],
  ['mlp.onnx', fixtureFile('mlp.onnx'), false],
  ['cnn.onnx', fixtureFile('cnn.onnx'), false],
  ['viewed.onnx', fixtureFile('viewed.onnx'), false],
  ['viewed-unfolded.onnx', fixtureFile('viewed-unfolded.onnx'), false],
  [
    'an export',
    onnxExporter.write(own.model, own.weights, { preprocessing: true, names: 'descent' }).bytes,
    false,
  ],
])('%s, damaged, is imported or refused', (name, original, needsNetwork) => {
  const network = needsNetwork ? fixture(name.startsWith('mlp') ? 'mlp' : 'signal').network : undefined
  let refused = 0
  fc.assert(
    fc.property(damages, (all) => {
      const start = performance.now()
      try {
        importModel(damage(Buffer.from(original), all), network === undefined ? {} : { network })
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
        refused += 1
      }
      expect(performance.now() - start).toBeLessThan(underLoad(500))
    }),
    { numRuns: 400 },
  )
  expect(refused).toBeGreaterThan(40)
})
