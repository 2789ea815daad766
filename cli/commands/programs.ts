/** The commands that start programs of the service: `serve`, `worker`, `workshop`, `keys`, `mcp`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Cli } from '../cli.js'

const programs = {
  serve: ['src/main.js', 'Start the service: API, worker and, without DATABASE_URL, PostgreSQL'],
  worker: ['workers/main.js', 'Start a worker of a service on DATABASE_URL'],
  workshop: ['src/workshop.js', 'Start the service with a workshop that others in the room join'],
  keys: ['src/commands/keys.js', 'Manage keys and limits of tenants, in the database of this machine'],
  mcp: ['src/commands/mcp.js', 'Serve the Model Context Protocol on standard input and output'],
} as const
type Program = keyof typeof programs

export const addPrograms = (cli: Cli) =>
  (Object.keys(programs) as Program[]).reduce(
    (all, name) =>
      all.command(
        [name === 'keys' ? 'keys [words..]' : name],
        programs[name][1],
        // The words of `keys` are options of that program.
        (command) => (name === 'keys' ? command.strict(false).help(false) : command),
        () => runProgram(name),
      ),
    cli,
  )

/** Ends as the program ends. Signals reach the whole process group, or are passed on. */
async function runProgram(name: Program): Promise<void> {
  const words = name === 'keys' ? process.argv.slice(process.argv.indexOf('keys') + 1) : []
  const program = fileURLToPath(new URL(`../../${programs[name][0]}`, import.meta.url))
  const child = spawn(process.execPath, [program, ...words], { stdio: 'inherit' })
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, passOn)
  // The terminal sends it to both.
  process.on('SIGINT', () => {})
  const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'exit')
  process.exitCode = typeof code === 'number' ? code : 128 + constants.signals[signal as NodeJS.Signals]
}
