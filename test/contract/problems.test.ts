/** The README's table of errors and the program's, compared both ways. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pointerTo, problems } from '../../src/contract/problems.js'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The cells of the table with that header. */
function tableBelow(header: string): string[][] {
  const lines = readme.split('\n')
  const start = lines.indexOf(header)
  if (start < 0) throw new Error(`README.md has no table ${header}`)
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) => {
    return line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  })
}

describe('the error table', () => {
  it('says in README.md what the program says, and nothing else', () => {
    const documented = tableBelow('| code | status | meaning |')
    const known = Object.entries(problems).map(([code, { status, title }]) => [
      `\`${code}\``,
      `${status}`,
      title,
    ])
    expect(documented.toSorted()).toEqual(known.toSorted())
  })
})

describe('pointerTo', () => {
  it('escapes like RFC 6901', () => {
    expect(pointerTo([])).toBe('')
    expect(pointerTo(['network', 'layers', 0, 'units'])).toBe('/network/layers/0/units')
    expect(pointerTo(['a/b', 'm~n', ''])).toBe('/a~1b/m~0n/')
  })
})
