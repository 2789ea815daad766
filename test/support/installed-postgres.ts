/** The PostgreSQL that this machine has installed, with its client programs: for tests that the embedded one cannot do. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { serverAccount } from '../../src/store/embedded/account.js'
import { freePort } from './service.js'

const needed = ['initdb', 'pg_ctl', 'postgres', 'createdb', 'pg_dump', 'pg_restore']

/** Folder with all these programs of one version; undefined where none is installed, which is said loudly. */
export const installedPostgres = ((): string | undefined => {
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => existsSync(join(folder, 'postgres')))
  const debian = '/usr/lib/postgresql'
  const folders = [
    ...onPath.map((folder) => dirname(realpathSync(join(folder, 'postgres')))),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []),
  ]
  const found = folders.find((folder) => needed.every((name) => existsSync(join(folder, name))))
  if (found === undefined) {
    console.warn(
      `\n*** There is no PostgreSQL with ${needed.join(', ')} on the PATH: backups of one go UNTESTED here. ***\n`,
    )
  }
  return found
})()

interface InstalledPostgres {
  /** The address of one of its databases. */
  address(database: string): string
  /** Runs one of its programs on the server. */
  run(program: string, ...args: string[]): void
  stop(): void
}

export async function startInstalledPostgres(programs: string): Promise<InstalledPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'descent-test-'))
  const account = serverAccount(undefined)
  // Its own user, where root runs the tests, has to enter.
  chmodSync(folder, 0o711)
  const home = mkdtempSync(join(folder, 'data-'))
  if (account !== undefined) chownSync(home, account.uid, account.gid)
  const port = await freePort()
  const server = (program: string, ...args: string[]) =>
    execFileSync(join(programs, program), args, { ...account, cwd: home, stdio: 'ignore' })
  server('initdb', '-D', home, '--username', 'descent', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync')
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`
  server('pg_ctl', 'start', '-D', home, '-w', '-l', join(home, 'log'), '-o', settings)
  const client = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'descent' }
  return {
    address: (database) => `postgresql://descent@127.0.0.1:${port}/${database}`,
    run: (program, ...args) => {
      execFileSync(join(programs, program), args, { env: { ...process.env, ...client } })
    },
    stop() {
      server('pg_ctl', 'stop', '-D', home, '-m', 'immediate', '-w')
      rmSync(folder, { recursive: true })
    },
  }
}
