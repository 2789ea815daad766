/** Answers hold what their schemas know, and nothing else. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { projectionOf } from '../../src/http/projection.js'

const cut = (schema: z.ZodType, value: unknown) => projectionOf(schema)?.(value)

describe('a projection', () => {
  const inner = z.object({ a: z.number() })

  it('is none where there is nothing to drop', () => {
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
      expect(projectionOf(schema)).toBeNull()
  })

  it('gives the very value where its schema knows all of it', () => {
    const schema = z.object({ one: inner.nullable(), many: z.array(inner), none: z.string().optional() })
    for (const value of [
      { one: { a: 1 }, many: [{ a: 2 }] },
      { one: null, many: [], none: undefined },
    ]) {
      expect(cut(schema, value)).toBe(value)
    }
  })

  it('drops what its schema does not know, however deep', () => {
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

  it('is that of the kind that a value is of', () => {
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

  it('is refused where only values tell what is known', () => {
    const other = z.object({ b: z.number() })
    expect(() => projectionOf(z.union([inner, other]))).toThrow('discriminator')
    expect(() => projectionOf(z.tuple([inner]))).toThrow('tuple')
    expect(() => projectionOf(z.date())).toThrow('date')
  })
})
