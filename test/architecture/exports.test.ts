/** Every export has a user in another file. */
import { describe, expect, it } from 'vitest'
import { findNames, findUnusedExports, readNames } from './exports.js'

const declaring = (text: string) => findNames('src/planted.ts', text)
const using = (text: string) => findNames('test/planted.ts', text)

describe('exports', () => {
  it('are used by other files', () => {
    const names = readNames()
    expect(names.flatMap(({ exports }) => exports).length).toBeGreaterThan(2000)
    expect(findUnusedExports(names)).toEqual([])
  })

  it.each([
    'export const one = 1',
    'export function one() {}',
    'export async function* one() {}',
    'export class one {}',
    'export interface one {}',
    'export type one = string',
    'const one = 1; export { one }',
    'const other = 1; export { other as one }',
    "export { one } from './main.js'",
  ])('are found in "%s"', (text) => {
    expect(findUnusedExports([declaring(text)])).toEqual(['src/planted.ts#one'])
  })

  it('are not used by the file that declares them', () => {
    expect(findUnusedExports([declaring('export const one = 1; export const two = one')])).toEqual([
      'src/planted.ts#one',
      'src/planted.ts#two',
    ])
  })
})

describe('a use of an export', () => {
  it.each([
    "import { two as other } from '../src/config.js'",
    "import type { two } from '../src/config.js'",
    "export { two } from '../src/config.js'",
    "const { two } = await import('../src/config.js')",
    "const { two: other } = await built('src/config.js')",
    "import { two } from '../dist/src/config.js'",
  ])('is "%s"', (text) => {
    expect(using(text).uses).toEqual(['src/config.ts#two'])
  })

  it.each([
    "import * as all from '../src/config.js'",
    "export * from '../src/config.js'",
    "const all = await import('../src/config.js')",
    "const all: typeof import('../src/config.js') = await load(name)",
  ])('is "%s", for all names', (text) => {
    expect(using(text).uses).toEqual(['src/config.ts#*'])
  })

  it('is not one of the same name in another file', () => {
    const exports = ['src/config.ts#one', 'src/server.ts#one']
    const uses = using("import { one } from '../src/server.js'").uses
    expect(findUnusedExports([{ exports, uses }])).toEqual(['src/config.ts#one'])
  })
})
