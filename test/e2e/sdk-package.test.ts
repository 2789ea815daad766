/** The package of sdk/, installed from the service: its documents are type-checked and run. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applicationScopes, createKey } from '../support/create-key.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService, temporaryFolder } from '../support/service.js'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const folder = temporaryFolder()
const place = (...names: string[]) => join(folder.path, ...names)

let database: FreshDatabase
let service: Service
let key: string
let adminKey: string

beforeAll(async () => {
  database = await freshDatabase()
  key = await createKey(database.connectionString, 'mine', [...applicationScopes, 'metrics:read'])
  adminKey = await createKey(database.connectionString, 'operators', ['admin'])
  service = await startService({ DATABASE_URL: database.connectionString })
  writeFileSync(place('package.json'), '{"type":"module","private":true}')
  const file = `${service.url}/descent-client.tgz`
  await run('npm', ['install', '--no-audit', '--no-fund', file], { cwd: folder.path })
  // Types that a program of Node.js has. The client needs none.
  mkdirSync(place('types/@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), place('types', name))
  copyFileSync(join(root, 'examples/iris.csv'), place('flowers.csv'))
}, 180_000)

afterAll(async () => {
  await service?.stop()
  await database?.drop()
  folder.remove()
})

/** The TypeScript of a document as one program: its blocks in order. */
const programOf = (name: string) =>
  [...readFileSync(join(root, name), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map(([, block]) => block)
    .join('\n')
    .replaceAll('http://127.0.0.1:3000', service.url)
    .replaceAll('listen(8080)', 'listen(0)')

async function compile(name: string, text: string, options: Record<string, unknown>): Promise<void> {
  writeFileSync(place(`${name}.ts`), text)
  const compilerOptions = { ...strict, ...options, outDir: 'out', rootDir: '.' }
  writeFileSync(place(`${name}.json`), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', `${name}.json`], { cwd: folder.path }).catch(({ stdout }) => {
    throw new Error(stdout)
  })
}

const strict = {
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  module: 'nodenext',
  strict: true,
  skipLibCheck: false,
  noEmitOnError: true,
}
const onNode = { lib: ['es2023'], typeRoots: ['types/@types'], types: ['node'] }
const inBrowsers = { lib: ['es2022', 'dom', 'dom.iterable'], types: [], exactOptionalPropertyTypes: true }

describe.each(['sdk/README.md', 'docs/client.md'])('%s', (name) => {
  it('has programs that are compiled and run', { timeout: 180_000 }, async () => {
    const program = name.replaceAll(/\W/g, '-')
    await compile(program, `${programOf(name)}\nprocess.exit(0)\n`, onNode)
    const environment = { ...process.env, DESCENT_KEY: key, ADMIN_KEY: adminKey }
    const { stdout } = await run(process.execPath, [`out/${program}.js`], {
      cwd: folder.path,
      env: environment,
    })
    expect(stdout).toContain('setosa')
  })
})

describe('the package', () => {
  it('has its code, types and documents, and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', './sdk', '--dry-run', '--json'], { cwd: root })
    const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(stdout)
    const others = files.map(({ path }) => path).filter((path) => !/^dist\/[\w./-]+\.(js|d\.ts)$/.test(path))
    expect(others).toEqual(['LICENSE', 'README.md', 'package.json'])
    expect(readFileSync(join(root, 'sdk/LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
  })

  it('has types for programs of a bundler', { timeout: 60_000 }, async () => {
    const bundled = { ...onNode, module: 'esnext', moduleResolution: 'bundler' }
    await compile('bundled', programOf('sdk/README.md'), bundled)
  })

  it('has types for programs without those of Node.js', { timeout: 60_000 }, async () => {
    const text = `import { Descent, type Epoch } from '@descent/client'
export async function last(id: string): Promise<Epoch | undefined> {
  let found: Epoch | undefined
  for await (const epoch of (await new Descent({ WebSocket }).jobs.get(id)).epochs()) found = epoch
  return found
}
`
    await compile('browser', text, inBrowsers)
  })
})
