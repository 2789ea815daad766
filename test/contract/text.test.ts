import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { text } from '../../src/contract/text.js'
import { newJob, openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

describe('text', () => {
  it('is valid exactly if the database stores it unchanged', async () => {
    const anything = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\0', '\ud800', '\udc00', '"', '\\'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        const kept = await stores.jobs.create(newJob({ name: value, metadata: { [value]: value } })).then(
          ({ name, metadata }) => name === value && metadata[value] === value,
          () => false,
        )
        expect(kept).toBe(text(100).safeParse(value).success)
      }),
      { numRuns: 60 },
    )
  })

  it('has a maximum length', () => {
    expect(text(3).safeParse('abc').success).toBe(true)
    expect(text(3).safeParse('abcd').success).toBe(false)
  })
})
