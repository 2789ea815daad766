// Builds dist/: the Prisma client from the schema, TypeScript, the WASM modules, the migrations. Steps whose inputs did
// not change are skipped.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
process.chdir(root)

/** Runs a script with this very Node; its output is shown if it fails. */
function runScript(script, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}\n${script} failed\n`)
    process.exit(1)
  }
}

/** Runs a package's command, wherever npm put it. */
function run(packageName, command, args, env = {}) {
  const manifestPath = join(root, 'node_modules', packageName, 'package.json')
  const { bin } = require(manifestPath)
  runScript(join(dirname(manifestPath), typeof bin === 'string' ? bin : bin[command]), args, env)
}

function* filesBelow(path) {
  if (statSync(path).isFile()) {
    if (!path.endsWith('.wasm')) yield path
  } else for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name))
}

/** Runs `step` unless `output` exists and was made from the same `inputs`. */
function unlessFresh(name, inputs, output, step) {
  const hash = createHash('sha256')
  for (const input of inputs)
    for (const file of filesBelow(input)) hash.update(file).update(readFileSync(file))
  const digest = hash.digest('hex')
  const stamp = join('dist', `.${name}.sha256`)
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  step()
  mkdirSync('dist', { recursive: true })
  writeFileSync(stamp, digest)
}

unlessFresh('prisma', ['prisma/schema.prisma', 'package.json'], 'src/store/generated/client.ts', () => {
  // The generator needs no engine; naming any existing file keeps the command from downloading one.
  run('prisma', 'prisma', ['generate'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  })
})

unlessFresh(
  'typescript',
  ['src', 'workers', 'bench', 'examples', 'tsconfig.json', 'tsconfig.build.json', 'package.json'],
  'dist/src/main.js',
  () => {
    for (const folder of ['src', 'workers', 'bench', 'examples'])
      rmSync(join('dist', folder), { recursive: true, force: true })
    run('typescript', 'tsc', ['-p', 'tsconfig.build.json'])
  },
)

unlessFresh(
  'page-types',
  ['src/contract', 'src/http', 'scripts/page-types.mjs', 'package.json'],
  'page/src/generated/api.ts',
  () => runScript('scripts/page-types.mjs', []),
)

unlessFresh('page', ['page', 'package.json'], 'dist/page/index.html', () => {
  run('vite', 'vite', ['build', 'page', '--logLevel', 'warn'])
})

runScript('scripts/assemble.mjs', ['dist'])

unlessFresh('migrations', ['prisma/migrations'], 'dist/prisma/migrations', () => {
  rmSync('dist/prisma/migrations', { recursive: true, force: true })
  cpSync('prisma/migrations', 'dist/prisma/migrations', { recursive: true })
})
