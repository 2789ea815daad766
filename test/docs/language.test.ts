/** What a tool can check of the language of the documents. */
import { describe, expect, it } from 'vitest'
import { documentNames, proseOf, readDocument } from './documents.js'
import { findForbidden } from './forbidden-words.js'

/** The sentences of paragraphs and lists, without code, headings, tables and lists of parameters. */
function sentencesOf(text: string): string[] {
  return proseOf(text)
    .split(/\n\s*\n|\n(?=- |\d+\. )/)
    .filter((block) => !/^\s*(#|\||!\[|<!--)/.test(block) && !block.includes(' = `'))
    .flatMap((block) => block.replaceAll(/\s+/g, ' ').split(/(?<=[.!?:])\s/))
    .filter((sentence) => sentence.split(' ').length > 6)
}

describe.each(documentNames)('%s', (name) => {
  it('has no line over 120 characters', () => {
    expect(
      readDocument(name)
        .split('\n')
        .filter((line) => [...line].length > 120),
    ).toEqual([])
  })

  it('has no forbidden word', () => {
    expect(findForbidden(proseOf(readDocument(name)))).toEqual([])
  })
})

it('finds forbidden words, and allows their common sense', () => {
  expect(
    findForbidden('The epoch behind the last one.\nA server behind a proxy.\nIt looks up the key.'),
  ).toEqual(['behind: The epoch behind the last one.'])
})

it('repeats no sentence', () => {
  const places = new Map<string, string[]>()
  for (const name of documentNames) {
    for (const sentence of sentencesOf(readDocument(name))) {
      places.set(sentence, [...(places.get(sentence) ?? []), name])
    }
  }
  expect(places.size).toBeGreaterThan(500)
  expect([...places].filter(([, names]) => names.length > 1)).toEqual([])
})

it('README.md has at most 150 lines', () => {
  expect(readDocument('README.md').split('\n').length).toBeLessThanOrEqual(151)
})
