/** What the documents name exists: links, headings, files, tests, commands, settings, words. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documentNames, proseOf, readDocument, root } from './documents.js'

const exists = (path: string) => existsSync(join(root, path))

/** As GitHub makes the anchor of a heading. */
const anchorsOf = (text: string) =>
  [...proseOf(text).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

function brokenLinks(name: string): string[] {
  const links = [...readDocument(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [path, anchor] = link.split('#')
    const target = path === '' ? name : normalize(join(dirname(name), path))
    if (!exists(target)) return true
    return anchor !== undefined && !anchorsOf(readDocument(target)).includes(anchor)
  })
}

/** Code spans that are paths of the repository. Architecture, glossary and decisions leave out `src/` of folders there. */
function missingFiles(name: string): string[] {
  const paths = [...proseOf(readDocument(name)).matchAll(/`([\w@.-]+(?:\/[\w.*-]+)+\/?)`/g)].map(
    ([, path]) => path,
  )
  const files = paths.filter((path) => /\.\w+$|\/$/.test(path) && !path.includes('*'))
  const places = ['', 'src', 'src/engine', 'src/datasets', 'page/src']
  return files.filter((path) => !places.some((place) => exists(join(place, path))))
}

const sectionOf = (name: string, title: string) => {
  const [, section] = readDocument(name).split(`## ${title}\n`)
  if (section === undefined) throw new Error(`${name} has no section ${title}`)
  return section.split(/^## /m)[0]
}
const itemsOf = (section: string) => section.split(/\n(?=- )/).filter((block) => block.startsWith('- '))
const testName = /`test\/[\w./-]+\.test\.ts`/

describe.each(documentNames)('%s', (name) => {
  it('links to files and headings that exist', () => {
    expect(brokenLinks(name)).toEqual([])
  })

  it('names files that exist', () => {
    expect(missingFiles(name)).toEqual([])
  })
})

it('every npm command in the documents exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const commands = documentNames.flatMap((name) =>
    [...readDocument(name).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, command]) => command),
  )
  expect(commands.length).toBeGreaterThan(10)
  expect(commands.filter((command) => !Object.hasOwn(scripts, command))).toEqual([])
})

it('every fault in docs/operating.md names its test', () => {
  const faults = itemsOf(sectionOf('docs/operating.md', 'Faults and their effects'))
  expect(faults.length).toBeGreaterThan(40)
  expect(faults.filter((fault) => !testName.test(fault))).toEqual([])
})

it('every measure in SECURITY.md names its test, one for each of the ten risks', () => {
  const risks = itemsOf(sectionOf('SECURITY.md', 'OWASP API Security Top 10 (2023)'))
  expect(risks.map((risk) => Number(/^- \*\*API(\d+) /.exec(risk)?.[1]))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ])
  const measures = itemsOf(sectionOf('SECURITY.md', 'Measures and their tests'))
  expect(measures.length).toBeGreaterThan(10)
  expect([...risks, ...measures].filter((item) => !testName.test(item))).toEqual([])
})

it('the glossary gives each word one line', () => {
  const items = itemsOf(readDocument('docs/glossary.md'))
  const words = items.map((item) => /^- \*\*([\w -]+)\*\*: /.exec(item)?.[1])
  expect(words.length).toBeGreaterThan(60)
  expect(words.filter((word) => word === undefined)).toEqual([])
  expect(new Set(words).size).toBe(words.length)
})

it('every decision has its three parts, and is listed', () => {
  const decisions = documentNames.filter((name) => /^docs\/adr\/\d/.test(name))
  expect(decisions.length).toBeGreaterThan(40)
  const headings = (name: string) => [...readDocument(name).matchAll(/^## (.*)$/gm)].map(([, title]) => title)
  for (const name of decisions) {
    expect(headings(name), name).toEqual(['Context', 'Decision', 'Consequences'])
    expect(readDocument('docs/adr/README.md')).toContain(`(${name.replace('docs/adr/', '')})`)
  }
})
