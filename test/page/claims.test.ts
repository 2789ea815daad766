/** The demonstrations of the page and of the command line have the same ids and claims. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { demonstrations } from '../../examples/demonstrations.js'

const source = ['demonstrations', 'digits']
  .map((name) => readFileSync(`page/src/lecture/${name}.ts`, 'utf8'))
  .join('\n')

/** As on the page: a sentence, without the argument of the command. */
function pageClaim(claim: string): string {
  const sentence = claim.replace(/ \(argument: .*\)$/, '')
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`
}

it('shows the demonstrations of the command line with their claims', () => {
  const ids = [...source.matchAll(/^ {2}id: '(.*)',$/gm)].map(([, id]) => id)
  const claims = [...source.matchAll(/^ {2}claim:\s+'(.*)',$/gm)].map(([, claim]) => claim)
  expect(ids.toSorted()).toEqual(Object.keys(demonstrations).toSorted())
  expect(claims.toSorted()).toEqual(
    Object.values(demonstrations)
      .map(({ claim }) => pageClaim(claim))
      .toSorted(),
  )
})
