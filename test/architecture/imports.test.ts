/** The import rules of docs/architecture.md, checked by Biome; and what Biome cannot express, by reading the sources. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'

const root = fileURLToPath(new URL('../../', import.meta.url))
const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome')

const reportSchema = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.string() }) })),
})

/** "rule file" of everything that Biome finds wrong. */
function lint(folder: string): string[] {
  const options = [
    'lint',
    '--reporter=json',
    '--max-diagnostics=1000',
    '--error-on-warnings',
    'src',
    'workers',
  ]
  const { stdout } = spawnSync(process.execPath, [biome, ...options], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const { diagnostics } = reportSchema.parse(JSON.parse(stdout))
  return diagnostics.map(({ category, location }) => `${category.split('/').at(-1)} ${location.path}`)
}

/** What no file there may import, one each. */
const forbidden: [file: string, imported: string][] = [
  ['src/base/planted.ts', '../contract/job.js'],
  ['src/contract/planted.ts', '../store/jobs.js'],
  ['src/datasets/planted.ts', '../engine/index.js'],
  ['src/engine/planted.ts', '../training/submit.js'],
  ['src/engine/layers/planted.ts', '../../training/submit.js'],
  ['src/engine/settings.ts', '../config.js'],
  ['src/http/planted.ts', '../store/jobs.js'],
  ['src/http/settings.ts', '../config.js'],
  ['src/http/routes/planted.ts', 'pg'],
  ['src/http/routes/engine.ts', '../../engine/index.js'],
  ['src/live/planted.ts', '../http/app.js'],
  ['src/queue/planted.ts', '../training/submit.js'],
  ['src/store/planted.ts', 'bullmq'],
  ['src/store/settings.ts', '../config.js'],
  ['src/store/use-case.ts', '../training/submit.js'],
  ['src/training/planted.ts', '../store/jobs.js'],
  ['src/training/inside.ts', '../engine/compile.js'],
  ['src/webhooks/planted.ts', '../store/jobs.js'],
]

describe('the import table', () => {
  let copy: string

  beforeAll(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'descent-test-'))
    for (const name of ['src', 'workers', 'biome.json', '.gitignore']) {
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    }
  })

  afterAll(() => rmSync(copy, { recursive: true }))

  function plant(file: string, imported: string): void {
    const place = path.join(copy, file)
    mkdirSync(path.dirname(place), { recursive: true })
    writeFileSync(place, `import { something } from '${imported}'\n\nexport const planted = something\n`)
  }

  it('is kept, and nothing imports itself in a circle', () => {
    expect(lint(root)).toEqual([])
  }, 60_000)

  it('reports what breaks it', () => {
    for (const [file, imported] of forbidden) plant(file, imported)
    plant('src/live/one.ts', './two.js')
    plant('src/live/two.ts', './one.js')
    expect(lint(copy).toSorted()).toEqual(
      [
        ...forbidden.map(([file]) => `noRestrictedImports ${file}`),
        'noImportCycles src/live/one.ts',
        'noImportCycles src/live/two.ts',
      ].toSorted(),
    )
  }, 60_000)
})

/** Every source file, relative to the root; what Prisma generates is not ours. */
function sources(): string[] {
  return ['src', 'workers'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('generated') && !name.includes('assembly'))
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/'))),
  )
}

const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

/** What a file imports when it runs, as written. */
function importsOf(file: string): string[] {
  const statements = read(file).matchAll(/^(?:import|export)\s(?!type\s)[^'"]*?from\s+'([^']+)'/gm)
  return [...statements].map(([, specifier]) => specifier)
}

/** All that comes along when a file is run: files relative to the root, and packages. */
function reachOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('.')) {
      const next = path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts')
      reachOf(next, seen)
    } else {
      seen.add(specifier)
    }
  }
  return seen
}

describe('outside packages', () => {
  it.each([
    ['bullmq', /^src\/queue\//],
    ['ioredis', /^src\/queue\//],
    ['@prisma/', /^src\/store\//],
    ['pg', /^src\/(store|queue)\//],
    ['fastify', /^src\/http\//],
    ['@fastify/', /^src\/http\//],
    ['sharp', /^src\/datasets\/reading\//],
    ['yauzl', /^src\/datasets\/reading\//],
    ['hyparquet', /^src\/datasets\/reading\//],
  ])('%s has one place', (name, place) => {
    const users = sources().filter((file) =>
      [...read(file).matchAll(/from '([^']+)'/g)].some(
        ([, each]) => each === name || (name.endsWith('/') && each.startsWith(name)),
      ),
    )
    expect(users.length).toBeGreaterThan(0)
    expect(users.filter((file) => !place.test(file))).toEqual([])
  })
})

describe('the threads', () => {
  it.each([
    'workers/trainer.thread.ts',
    'workers/predictor.thread.ts',
  ])('%s knows the engine, and no database, queue or server', (thread) => {
    const reach = [...reachOf(thread)]
    expect(reach).toContain('src/engine/index.ts')
    expect(reach.filter((each) => /^src\/(store|queue|http|live|training)\//.test(each))).toEqual([])
    const packages = reach.filter((each) => !each.endsWith('.ts') && !each.startsWith('node:'))
    expect(packages.filter((each) => each !== 'zod')).toEqual([])
  })
})

describe('the API process', () => {
  it('loads nothing that parses files; the reading process loads no database, queue or server', () => {
    const formats = ['sharp', 'yauzl', 'hyparquet', 'src/datasets/reading/open-files.ts']
    const process = 'src/datasets/reading/reading.process.ts'
    expect([...reachOf('src/server.ts')].filter((each) => formats.includes(each))).toEqual([])
    const reach = [...reachOf(process)]
    expect(reach).toEqual(expect.arrayContaining(formats))
    expect(reach.filter((each) => /^src\/(store|queue|http|live|training)\//.test(each))).toEqual([])
  })
})

describe('the environment', () => {
  it('is read in one place; two others hand it on to the processes they start', () => {
    const users = sources().filter((file) => read(file).includes('process.env'))
    expect(users.toSorted()).toEqual(['src/config.ts', 'src/main.ts', 'src/store/embedded/command.ts'])
    expect(users.filter((file) => /process\.env(\.[A-Z]|\[)/.test(read(file)))).toEqual([])
  })
})
