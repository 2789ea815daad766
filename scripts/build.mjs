// Builds dist/ incrementally and in parallel: the Prisma client, TypeScript, the OpenAPI document, the page, the WASM
// modules, the migrations, and the package of the client.
// `npm run check` checks the types.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand, runScript, unlessFresh } from './build-step.mjs'
import { digestOfSources } from './native-sources.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const wasm = 'src/engine/kernels/wasm'
const wasmVariants = ['plain', 'relaxed']
const programs = ['src', 'workers', 'cli', 'bench', 'examples']
/** The client, without its generated types, which change nothing in what is built with it. */
const client = readdirSync('sdk/src', { withFileTypes: true })
  .filter((each) => each.isFile())
  .map(({ name }) => join('sdk/src', name))
/** Inputs that stand for the installed packages. */
const installed = ['package.json', 'node_modules/.package-lock.json']

async function buildPrograms() {
  await unlessFresh(
    'prisma',
    ['prisma/schema.prisma', 'package.json'],
    ['src/store/generated/client.ts'],
    // The generator needs no engine; the path of any existing file prevents a download.
    () =>
      runCommand('prisma', 'prisma', ['generate'], {
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
      }),
  )
  await unlessFresh(
    'programs',
    [...programs, ...client, 'scripts/bundle.mjs', 'tsconfig.json', 'tsconfig.build.json', ...installed],
    ['dist/src/main.js', 'dist/chunks'],
    async () => {
      for (const folder of [...programs, 'sdk'])
        rmSync(join('dist', folder), { recursive: true, force: true })
      await runCommand('typescript', 'tsc', ['-p', 'tsconfig.build.json', '--noCheck'])
      await runScript('scripts/bundle.mjs')
    },
  )
  await unlessFresh('openapi', ['src', 'scripts/openapi.mjs', ...installed], ['dist/openapi.json'], () =>
    runScript('scripts/openapi.mjs'),
  )
  await buildSdk()
}

/** The package of sdk/, with the types of the API, which the page uses too. */
async function buildSdk() {
  await unlessFresh(
    'api-types',
    ['dist/openapi.json', 'scripts/api-types.mjs', ...installed],
    ['sdk/src/generated/api.ts'],
    () => runScript('scripts/api-types.mjs'),
  )
  await unlessFresh(
    'sdk',
    ['sdk/src', 'sdk/tsconfig.json', ...installed],
    ['sdk/dist/index.js'],
    async () => {
      rmSync('sdk/dist', { recursive: true, force: true })
      await runCommand('typescript', 'tsc', ['-p', 'sdk', '--noCheck'])
    },
  )
}

const assemble = (variant) =>
  unlessFresh(
    `wasm-${variant}`,
    [join(wasm, 'assembly'), 'scripts/assemble.mjs', ...installed],
    [join(wasm, 'build', `${variant}.wasm`)],
    () => runScript('scripts/assemble.mjs', [variant]),
  )

const buildPage = () =>
  unlessFresh(
    'page',
    [
      'page',
      ...client,
      'examples/lecture',
      'src/datasets/derivation.ts',
      'src/datasets/random.ts',
      ...installed,
    ],
    ['dist/page/index.html'],
    () => runCommand('vite', 'vite', ['build', 'page', '--logLevel', 'warn']),
  )

const copyMigrations = () =>
  unlessFresh('migrations', ['prisma/migrations'], ['dist/prisma/migrations'], () => {
    rmSync('dist/prisma/migrations', { recursive: true, force: true })
    cpSync('prisma/migrations', 'dist/prisma/migrations', { recursive: true })
  })

await Promise.all([buildPrograms(), ...wasmVariants.map(assemble), buildPage(), copyMigrations()])

// These come after the page, whose build empties its folder.
await unlessFresh(
  'documents',
  [
    'README.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'docs',
    'images',
    'scripts/documents.mjs',
    'page',
    ...installed,
  ],
  ['dist/page/documents/README.html'],
  () => runScript('scripts/documents.mjs'),
)

await unlessFresh(
  'client-package',
  ['sdk/dist', 'sdk/package.json', 'sdk/README.md', 'sdk/LICENSE', 'scripts/client-package.mjs'],
  ['dist/page/descent-client.tgz'],
  () => runScript('scripts/client-package.mjs'),
)

// Files that programs load from their own folder.
cpSync('third_party', 'dist/third_party', { recursive: true })
cpSync(join(wasm, 'build'), join('dist', wasm, 'build'), { recursive: true })
const kernels = 'dist/src/engine/kernels/native'
mkdirSync(kernels, { recursive: true })
writeFileSync(join(kernels, 'sources.sha256'), digestOfSources('native'))
