/** Formulas of the catalogue as MathML. */
import type { ComponentChildren } from 'preact'
import { type FormulaNode, parseFormula } from './parse-formula.js'

export function Formula({ text }: { text: string }) {
  return (
    <math display="block" aria-label={text}>
      {row(parseFormula(text))}
    </math>
  )
}

const row = (nodes: readonly FormulaNode[]): ComponentChildren => (
  <mrow>{nodes.map((node) => element(node))}</mrow>
)

function element(node: FormulaNode): ComponentChildren {
  switch (node.type) {
    case 'identifier':
      return <mi mathvariant={node.text.length > 1 ? 'normal' : undefined}>{node.text}</mi>
    case 'number':
      return <mn>{node.text}</mn>
    case 'operator':
      return <mo>{node.text}</mo>
    case 'group':
      return row(node.content)
    case 'root':
      return <msqrt>{row(node.content)}</msqrt>
    case 'fraction':
      return (
        <mfrac>
          {row(node.above)}
          {row(node.below)}
        </mfrac>
      )
    case 'scripts': {
      const base = element(node.base)
      const { sub, sup } = node
      const isSum = node.base.type === 'operator'
      if (sub !== null && sup !== null) {
        return isSum ? (
          <munderover>
            {base}
            {element(sub)}
            {element(sup)}
          </munderover>
        ) : (
          <msubsup>
            {base}
            {element(sub)}
            {element(sup)}
          </msubsup>
        )
      }
      if (sub !== null) {
        return isSum ? (
          <munder>
            {base}
            {element(sub)}
          </munder>
        ) : (
          <msub>
            {base}
            {element(sub)}
          </msub>
        )
      }
      return (
        <msup>
          {base}
          {sup === null ? null : element(sup)}
        </msup>
      )
    }
    default:
      return node satisfies never
  }
}
