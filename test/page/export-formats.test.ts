/** The menu of exports: all formats of the service with their limits. */
import { describe, expect, it } from 'vitest'
import { exportChoices, limitReason } from '../../page/src/views/export-formats.js'
import { exportFormatSchema } from '../../src/contract/export.js'
import { maximumParameters as limitOfC } from '../../src/exports/c/exporter.js'
import { maximumParameters as limitOfJavaScript } from '../../src/exports/javascript/exporter.js'

describe('the menu of exports', () => {
  it('has every format of the service', () => {
    const formats = new Set(exportChoices.map(({ query }) => query.format))
    expect([...formats].toSorted()).toEqual(exportFormatSchema.options.toSorted())
  })

  it('has the limits of the service', () => {
    const limits = exportChoices.flatMap(({ query, maximumParameters }) =>
      maximumParameters === undefined ? [] : [[query.format, maximumParameters]],
    )
    expect(Object.fromEntries(limits)).toEqual({ javascript: limitOfJavaScript, c: limitOfC })
  })

  it('says what a model exceeds', () => {
    const [, javascript] = exportChoices
    expect(limitReason(javascript, 1_000_000)).toBeNull()
    expect(limitReason(javascript, 1_000_001)).toBe(
      'holds at most 1,000,000 parameters; this model has 1,000,001',
    )
  })
})
