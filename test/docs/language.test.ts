/** What a tool can check of the language of the documents. */
import { describe, expect, it } from 'vitest'
import { documentNames, proseOf, readDocument } from './documents.js'

/** Words that stop a reader, and the phrases in which they have their common sense. */
const forbidden: { pattern: RegExp; allowed: string[] }[] = [
  {
    pattern: /\bbehind\b/i,
    allowed: ['behind a load balancer', 'behind a proxy', 'left behind', 'leave a server behind'],
  },
  { pattern: /\bas may be\b/i, allowed: [] },
  { pattern: /\basked for\b/i, allowed: [] },
  { pattern: /\bturned\b/i, allowed: [] },
  { pattern: /\bwhoever\b/i, allowed: [] },
  { pattern: /\ball the same\b/i, allowed: [] },
  { pattern: /\bbeforehand\b/i, allowed: [] },
  { pattern: /\bat the very\b/i, allowed: [] },
  { pattern: /\bof (its|their|our|his|her|your) own\b/i, allowed: [] },
  { pattern: /\bbe it\b/i, allowed: [] },
  { pattern: /\b(lies|lie)\b/i, allowed: [] },
  { pattern: /\b(tells?|told|telling)\b/i, allowed: ['tell features from labels'] },
  { pattern: /\b(looks?|looked|looking)\b(?!( it)? up| as if)/i, allowed: ['first look', '-look-up-'] },
  { pattern: /\bmade up\b/i, allowed: [] },
  { pattern: /\bbeginnings?\b/i, allowed: ['workers/beginning.ts'] },
  { pattern: /\bmend\b/i, allowed: [] },
]

/** "word: line" of everything that is not allowed. */
function findings(text: string): string[] {
  return proseOf(text)
    .replaceAll('\n  ', ' ')
    .split('\n')
    .flatMap((line) =>
      forbidden.flatMap(({ pattern, allowed }) => {
        const rest = allowed.reduce((left, phrase) => left.replaceAll(new RegExp(phrase, 'gi'), ''), line)
        const [word] = pattern.exec(rest) ?? []
        return word === undefined ? [] : [`${word}: ${line}`]
      }),
    )
}

/** Of paragraphs and lists; code, headings, tables and lists of parameters are left out. */
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

  it('has none of the forbidden words', () => {
    expect(findings(readDocument(name))).toEqual([])
  })
})

it('finds forbidden words, and lets their common sense pass', () => {
  expect(findings('The epoch behind the last one.\nA server behind a proxy.\nIt looks up the key.')).toEqual([
    'behind: The epoch behind the last one.',
  ])
})

it('no sentence is repeated', () => {
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
