/** Functions of the native kernels stay short and flat: at most 60 lines, and control statements at most four deep. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/documents.js'

const maximumLines = 60
const maximumDepth = 4

interface MeasuredFunction {
  readonly name: string
  readonly lines: number
  /** The deepest control statement: 1 for one in the body itself. */
  readonly depth: number
}

const indentOf = (line: string) => line.length - line.trimStart().length
const control = /^\s*(?:\} )?(?:for|if|else|while|switch|do)\b/
const notFunction = /^\s*(?:\} )?(?:for|if|else|while|switch|do|namespace|struct|class|union|enum|extern)\b/

/** The sources indent by two, which gives the depth of a statement. A function ends at the indent of its first line. */
function measureFunctions(code: string): MeasuredFunction[] {
  const lines = code.split('\n')
  const found: MeasuredFunction[] = []
  for (let end = 0; end < lines.length; end++) {
    const indent = indentOf(lines[end] ?? '')
    if (!/^\s*\}/.test(lines[end] ?? '')) continue
    let start = end - 1
    while (start >= 0 && (indentOf(lines[start] ?? '') > indent || /^\s*(?:#.*)?$/.test(lines[start] ?? '')))
      start--
    const head = lines[start] ?? ''
    const name = /(operator\W+?|[\w:~]+)\(/.exec(head.replace(/^.*\[\[[^\]]*\]\] /, ''))?.[1]
    if (name === undefined || notFunction.test(head) || indentOf(head) !== indent) continue
    const controls = lines.slice(start + 1, end).filter((line) => control.test(line))
    const depth = Math.max(0, ...controls.map((line) => (indentOf(line) - indent) / 2))
    found.push({ name, lines: end - start + 1, depth })
  }
  return found
}

const folder = join(root, 'native/source')
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.(h|cpp)$/.test(name),
)

describe.each(sources)('native/source/%s', (name) => {
  const functions = measureFunctions(readFileSync(join(folder, name), 'utf8'))

  it(`has no function of more than ${maximumLines} lines`, () => {
    expect(functions.filter(({ lines }) => lines > maximumLines)).toEqual([])
  })

  it(`nests control statements at most ${maximumDepth} deep`, () => {
    expect(functions.filter(({ depth }) => depth > maximumDepth)).toEqual([])
  })
})

describe('the measurement', () => {
  it('counts lines and depth of functions, methods and operators, with signatures of several lines', () => {
    const code = `struct Sum {
  void operator()(int a) const {
    if (a) return;
  }
};
template <int n>
[[gnu::always_inline]] inline void add(const float* from,
                                       float* to) {
#pragma GCC unroll 4
  for (int i = 0; i < n; i++)
#pragma GCC unroll 4
    for (int j = 0; j < n; j++) {
      if (i == j) to[i] = 0;
      else to[i] += from[j];
    }
}
`
    expect(measureFunctions(code)).toEqual([
      { name: 'operator()', lines: 3, depth: 1 },
      { name: 'add', lines: 10, depth: 3 },
    ])
  })

  it('finds the functions of the micro-kernel', () => {
    const names = measureFunctions(readFileSync(join(folder, 'gemm/micro-kernel.h'), 'utf8')).map(
      ({ name }) => name,
    )
    expect(names).toEqual(expect.arrayContaining(['accumulate', 'microKernel', 'selectMicroKernel']))
  })
})
