/** The language of comments and texts in the sources and tests. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './documents.js'
import { findForbidden } from './forbidden-words.js'

const folders = ['src', 'workers', 'native/source', 'page/src', 'scripts', 'examples', 'bench', 'test']

/** These contain forbidden words as data. */
const excluded = ['test/docs/language.test.ts', 'test/docs/sources.test.ts', 'test/docs/forbidden-words.ts']

const source = /\.(ts|tsx|mjs|cpp|h)$/
const written = (name: string) => source.test(name) && !/generated|node_modules|fixtures/.test(name)

const sources = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(written)
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => !excluded.includes(name)),
)

const token =
  /(?<comment>\/\*[\s\S]*?\*\/|\/\/[^\n]*)|(?<text>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)/g

/** Comments, and strings of several words, one a line. */
function proseOfSource(code: string): string {
  return [...code.matchAll(token)]
    .map(({ groups }) => groups?.comment ?? (groups?.text ?? '').replaceAll(/\$\{[^}]*\}/g, '…'))
    .map((text) => text.replaceAll(/\s*\n\s*\*?\s*/g, ' '))
    .filter((text) => text.includes(' '))
    .join('\n')
}

/** Runs of more than three lines with `//`. */
function longComments(code: string): string[] {
  return code.match(/(^[ \t]*\/\/[^\n]*\n){4,}/gm) ?? []
}

describe.each(sources)('%s', (name) => {
  const code = readFileSync(join(root, name), 'utf8')

  it('has no forbidden word in its comments and texts', () => {
    expect(findForbidden(proseOfSource(code))).toEqual([])
  })

  it('has no comment of more than three lines in a row', () => {
    expect(longComments(code)).toEqual([])
  })
})

describe('the search', () => {
  it('reads comments and texts of several words, but no code', () => {
    const code =
      "// It lies here.\nconst told = 'told'\n/**\n * Tells\n * it.\n */\nthrow new Error('as may be told')\n"
    const words = findForbidden(proseOfSource(code)).map((found) => found.split(':')[0])
    expect(words).toEqual(['lies', 'Tells', 'as may be', 'told'])
  })

  it('finds long comments', () => {
    expect(longComments('// 1\n// 2\n// 3\nx\n')).toEqual([])
    expect(longComments('  // 1\n  // 2\n  // 3\n  // 4\n')).toHaveLength(1)
  })
})
