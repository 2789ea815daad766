/**
 * `npm run bench:peers:install`: installs the peers from npm beside this file, compiles the programs of the native ones
 * into build/, and names the Debian packages of those that are missing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('.', import.meta.url)))
mkdirSync('build', { recursive: true })

/** Programs with the packages they need. */
const programs = [
  {
    name: 'fann',
    packages: 'libfann-dev gcc',
    command: 'gcc -O2 fann.c -o build/fann -lfloatfann -lm',
  },
  {
    name: 'libtorch',
    packages: 'libtorch-dev g++',
    command:
      'g++ -O2 -std=c++17 -I/usr/include/torch/csrc/api/include libtorch.cc -o build/libtorch -ltorch -ltorch_cpu -lc10',
  },
  {
    name: 'openblas',
    packages: 'libopenblas0-pthread gcc',
    command: 'gcc -O2 openblas.c -o build/openblas -l:libopenblas.so.0',
  },
]

/** @returns whether the command succeeded */
function run(command, stdio) {
  const [file, ...args] = command.split(' ')
  return spawnSync(file, args, { stdio }).status === 0
}

// Without scripts: they would download browsers' and GPUs' libraries, which no peer here uses.
const npmSucceeded = run('npm ci --ignore-scripts --no-audit --no-fund', 'inherit')
if (!npmSucceeded) console.error('npm could not install the peers in JavaScript')

const missing = programs.filter(({ command }) => !run(command, 'ignore'))
const packages = missing.map((program) => program.packages)
if (!existsSync('/usr/lib/python3/dist-packages/torch')) packages.push('python3-torch')
if (packages.length > 0) {
  console.log('Some native peers are missing. On Debian 12, as root:')
  console.log(
    `  apt-get install --no-install-recommends ${[...new Set(packages.join(' ').split(' '))].join(' ')}`,
  )
  console.log('Then run this again.')
}
for (const { name } of missing) console.log(`not built: ${name}`)
process.exitCode = npmSucceeded ? 0 : 1
