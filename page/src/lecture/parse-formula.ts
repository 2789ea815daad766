/**
 * The notation of the catalogue's formulas: `a_i`, `a^n`, `∑_{i=1}^n`, fractions `{a}/{b}`, roots `√{a}`; everything
 * else is as it is read.
 */

export type FormulaNode =
  | { type: 'identifier' | 'number' | 'operator'; text: string }
  | { type: 'group' | 'root'; content: FormulaNode[] }
  | { type: 'fraction'; above: FormulaNode[]; below: FormulaNode[] }
  | { type: 'scripts'; base: FormulaNode; sub: FormulaNode | null; sup: FormulaNode | null }

const tokens = /\s+|\p{L}[\p{L}\p{M}]*|\d+(?:\.\d+)?|./gu

export function parseFormula(text: string): FormulaNode[] {
  const rest = (text.match(tokens) ?? []).filter((token) => token.trim() !== '')
  return nodesUntil(rest, undefined)
}

/** Reads nodes up to a closing token, and removes them from the tokens. */
function nodesUntil(rest: string[], end: string | undefined): FormulaNode[] {
  const nodes: FormulaNode[] = []
  while (rest.length > 0 && rest[0] !== end) nodes.push(withScripts(rest))
  rest.shift()
  return nodes
}

function withScripts(rest: string[]): FormulaNode {
  const base = atom(rest)
  let [sub, sup]: (FormulaNode | null)[] = [null, null]
  while (rest[0] === '_' || rest[0] === '^') {
    const mark = rest.shift()
    if (mark === '_') sub = atom(rest)
    else sup = atom(rest)
  }
  return sub === null && sup === null ? base : { type: 'scripts', base, sub: sub ?? null, sup: sup ?? null }
}

function atom(rest: string[]): FormulaNode {
  const token = rest.shift() ?? ''
  if (token === '√') return { type: 'root', content: group(rest) }
  if (token === '{') {
    const content = nodesUntil(rest, '}')
    if (rest[0] !== '/' || rest[1] !== '{') return { type: 'group', content }
    rest.shift()
    return { type: 'fraction', above: content, below: group(rest) }
  }
  if (/^\p{L}/u.test(token)) return { type: 'identifier', text: token }
  return /^\d/.test(token) ? { type: 'number', text: token } : { type: 'operator', text: token }
}

/** The content of braces that come next. */
function group(rest: string[]): FormulaNode[] {
  rest.shift()
  return nodesUntil(rest, '}')
}
