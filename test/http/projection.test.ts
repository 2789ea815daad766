/** Responses contain only the fields of their schemas. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compileProjection } from '../../src/http/projection.js'

const cut = (schema: z.ZodType, value: unknown) => compileProjection(schema)?.(value)

describe('a projection', () => {
  const inner = z.object({ a: z.number() })

  it('is null if values have no fields', () => {
    for (const schema of [
      z.string(),
      z.int().nullable().optional(),
      z.array(z.array(z.number())),
      z.record(z.string(), z.number()),
      z.union([z.literal('mean'), z.number()]),
      z.tuple([z.number(), z.number()]),
      z.unknown(),
      z.enum(['a', 'b']).default('a'),
    ])
      expect(compileProjection(schema)).toBeNull()
  })

  it('returns the same object if its schema has all fields', () => {
    const schema = z.object({ one: inner.nullable(), many: z.array(inner), none: z.string().optional() })
    for (const value of [
      { one: { a: 1 }, many: [{ a: 2 }] },
      { one: null, many: [], none: undefined },
    ]) {
      expect(cut(schema, value)).toBe(value)
    }
  })

  it('drops unknown fields at any depth', () => {
    const schema = z.object({
      one: inner.optional(),
      many: z.array(inner.nullable()),
      named: z.record(z.string(), inner),
      loosely: z.record(z.string(), z.string()),
      anything: z.unknown(),
    })
    const value = {
      one: { a: 1, secret: 2 },
      many: [{ a: 1 }, { a: 2, secret: 3 }, null],
      named: { x: { a: 1, secret: 2 } },
      loosely: { secret: 'kept' },
      anything: { secret: 'kept' },
      secret: 1,
    }
    const before = structuredClone(value)
    expect(cut(schema, value)).toEqual({
      one: { a: 1 },
      many: [{ a: 1 }, { a: 2 }, null],
      named: { x: { a: 1 } },
      loosely: { secret: 'kept' },
      anything: { secret: 'kept' },
    })
    expect(value).toEqual(before)
  })

  it('follows the discriminator', () => {
    const kinds = z.discriminatedUnion('type', [
      z.object({ type: z.enum(['one', 'uno']), a: z.number() }),
      z.object({ type: z.literal('two'), b: z.number() }),
    ])
    const both = { a: 1, b: 2 }
    expect(cut(kinds, { type: 'uno', ...both })).toEqual({ type: 'uno', a: 1 })
    expect(cut(kinds, { type: 'two', ...both })).toEqual({ type: 'two', b: 2 })
    const mixed = z.union([z.string(), kinds])
    expect(cut(mixed, 'one')).toBe('one')
    expect(cut(mixed, { type: 'two', ...both })).toEqual({ type: 'two', b: 2 })
  })

  it('keeps a field called __proto__ of a record', () => {
    const value: unknown = JSON.parse('{"named":{"__proto__":{"a":1,"secret":2}}}')
    const result = cut(z.object({ named: z.record(z.string(), inner) }), value)
    expect(JSON.stringify(result)).toBe('{"named":{"__proto__":{"a":1}}}')
  })

  it('is refused for schemas without listed fields', () => {
    const other = z.object({ b: z.number() })
    expect(() => compileProjection(z.union([inner, other]))).toThrow('discriminator')
    expect(() => compileProjection(z.tuple([inner]))).toThrow('tuple')
    expect(() => compileProjection(z.date())).toThrow('date')
  })
})
