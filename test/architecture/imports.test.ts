/** The imports of the sources keep to the rules of `import-rules.json`, which docs/architecture.md lists. */
import { describe, expect, it } from 'vitest'
import {
  findCycles,
  findFolderCycles,
  findReach,
  findUnusedPermissions,
  findViolations,
  readGraph,
  readImports,
  readSource,
  ruleFor,
  rules,
  sourceFiles,
} from './import-graph.js'

const graph = readGraph()

/** Imports that the rules forbid, one for each file. */
const forbidden: [file: string, specifier: string, target: string][] = [
  ['src/contract/planted.ts', '../store/jobs.js', 'src/store/jobs.ts'],
  ['src/datasets/planted.ts', '../engine/index.js', 'src/engine/index.ts'],
  ['src/engine/planted.ts', '../training/submit.js', 'src/training/submit.ts'],
  ['src/engine/layers/planted.ts', '../../training/submit.js', 'src/training/submit.ts'],
  ['src/engine/config.ts', '../config.js', 'src/config.ts'],
  ['src/engine/layers/config.ts', '../../config.js', 'src/config.ts'],
  ['src/http/planted.ts', '../store/jobs.js', 'src/store/jobs.ts'],
  ['src/http/config.ts', '../config.js', 'src/config.ts'],
  ['src/http/routes/planted.ts', 'pg', 'pg'],
  ['src/http/routes/engine.ts', '../../engine/index.js', 'src/engine/index.ts'],
  ['src/http/threads.ts', '../threads/predictor-pool.js', 'src/threads/predictor-pool.ts'],
  ['src/live/planted.ts', '../http/app.js', 'src/http/app.ts'],
  ['src/queue/planted.ts', '../training/submit.js', 'src/training/submit.ts'],
  ['src/store/planted.ts', 'bullmq', 'bullmq'],
  ['src/store/config.ts', '../config.js', 'src/config.ts'],
  ['src/store/use-case.ts', '../training/submit.js', 'src/training/submit.ts'],
  ['src/threads/planted.ts', '../../workers/messages.js', 'workers/messages.ts'],
  ['src/planted.ts', '../workers/trainer-pool.js', 'workers/trainer-pool.ts'],
  ['src/training/planted.ts', '../store/jobs.js', 'src/store/jobs.ts'],
  ['src/training/inside.ts', '../engine/compile.js', 'src/engine/compile.ts'],
  ['src/webhooks/planted.ts', '../store/jobs.js', 'src/store/jobs.ts'],
  ['workers/planted.ts', '../src/store/runs.js', 'src/store/runs.ts'],
  ['page/src/planted.ts', '../../src/contract/job.js', 'src/contract/job.ts'],
  ['examples/lecture/planted.ts', '../../src/contract/job.js', 'src/contract/job.ts'],
]

describe('the import rules', () => {
  it('apply to every file', () => {
    expect(graph.size).toBeGreaterThan(400)
    expect(sourceFiles().filter((file) => ruleFor(file) === undefined)).toEqual([])
  })

  it('are kept', () => {
    expect(findViolations(graph)).toEqual([])
  })

  it('permit only imports that exist', () => {
    expect(findUnusedPermissions(graph)).toEqual([])
  })

  it.each(forbidden)('forbid %s to import %s', (file, specifier, target) => {
    const text = `import { something } from '${specifier}'`
    expect(findViolations(new Map([[file, readImports(file, text)]]))).toEqual([`${file} imports ${target}`])
  })

  it('apply to every kind of import', () => {
    const file = 'src/contract/planted.ts'
    const text = `
      import type { One } from '../config.js'
      import '../server.js'
      export * from '../commands/keys.js'
      export { two } from '../main.js'
      type Three = typeof import('../process/exit-in-time.js')
      const four = async () => import('../process/liveness.js')`
    const targets = ['config', 'server', 'commands/keys', 'main', 'process/exit-in-time', 'process/liveness']
    expect(findViolations(new Map([[file, readImports(file, text)]]))).toEqual(
      targets.map((name) => `${file} imports src/${name}.ts`),
    )
  })

  it('let no file of src import one of workers', () => {
    const permitted = rules.filter(({ imports }) => imports.some((pattern) => pattern.startsWith('workers')))
    expect(permitted.flatMap(({ files }) => files)).toEqual(['workers/main.ts', 'workers/start-worker.ts'])
  })
})

describe('cycles of imports', () => {
  it('do not exist', () => {
    expect(findCycles(graph)).toEqual([])
  })

  it('are found', () => {
    const planted = new Map(graph)
    planted.set('src/live/one.ts', [{ target: 'src/live/two.ts', isType: false }])
    planted.set('src/live/two.ts', [{ target: 'src/live/one.ts', isType: false }])
    expect(findCycles(planted)).toEqual(['src/live/one.ts', 'src/live/two.ts'])
  })

  it('do not exist between folders', () => {
    expect(findFolderCycles(graph)).toEqual([])
  })

  it('are found between folders', () => {
    const planted = new Map(graph)
    planted.set('src/contract/planted.ts', [{ target: 'src/engine/index.ts', isType: true }])
    expect(findFolderCycles(planted)).toEqual(['src/contract', 'src/engine'])
  })
})

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
    const users = [...graph]
      .filter(([, imports]) =>
        imports.some(({ target }) => target === name || (name.endsWith('/') && target.startsWith(name))),
      )
      .map(([file]) => file)
    expect(users.length).toBeGreaterThan(0)
    expect(users.filter((file) => !place.test(file))).toEqual([])
  })
})

describe('the threads', () => {
  it.each([
    'workers/trainer.thread.ts',
    'src/threads/predictor.thread.ts',
  ])('%s knows the engine, and no database, queue or server', (thread) => {
    const reach = [...findReach(graph, thread)]
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
    expect([...findReach(graph, 'src/server.ts')].filter((each) => formats.includes(each))).toEqual([])
    const reach = [...findReach(graph, process)]
    expect(reach).toEqual(expect.arrayContaining(formats))
    expect(reach.filter((each) => /^src\/(store|queue|http|live|training)\//.test(each))).toEqual([])
  })
})

describe('the environment', () => {
  it('is read in one place of the service and one of the command; others hand it on', () => {
    const programs = sourceFiles().filter((file) => !file.startsWith('page/'))
    const users = programs.filter((file) => readSource(file).includes('process.env'))
    expect(users.toSorted()).toEqual([
      'cli/profiles.ts',
      'src/all-in-one.ts',
      'src/config.ts',
      'src/main.ts',
      'src/store/embedded/command.ts',
      'src/workshop.ts',
    ])
    expect(users.filter((file) => /process\.env(\.[A-Z]|\[)/.test(readSource(file)))).toEqual([])
  })
})
