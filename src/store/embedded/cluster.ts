import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, open, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Account, closedFolder } from './account.js'
import type { Binaries } from './binaries.js'
import { runCommand } from './command.js'

/** The database role that owns everything. Its password is the only secret. */
export const SUPERUSER = 'descent'

export interface Cluster {
  /** The path of the files: `directory` with all links resolved. */
  home: string
  password: string
}

/** Folders for files that the account of the server could not reach next to the project. */
export const ELSEWHERE = '/var/lib/descent'

/** The resolved data directory; undefined before the first start. */
export function existingHome(directory: string): string | undefined {
  if (!existsSync(directory)) return undefined
  return existsSync(join(directory, 'PG_VERSION')) ? realpathSync(directory) : undefined
}

/**
 * Opens an existing cluster.
 * @throws Error if its password is missing, or its account may not enter its folder
 */
export function openCluster(directory: string, home: string, account: Account | undefined): Cluster {
  const closed = account && closedFolder(home, account)
  if (closed !== undefined) {
    throw new Error(
      `PostgreSQL keeps its data in ${home} as the user with id ${account?.uid}, who may not enter ${closed}: ` +
        'allow it (chmod o+x) or choose another folder',
    )
  }
  const file = passwordFile(directory)
  if (!existsSync(file)) {
    throw new Error(`${file} is missing: restore it, or remove ${directory} to start with an empty database`)
  }
  return { home, password: readFileSync(file, 'utf8').trim() }
}

/**
 * Creates an empty cluster, and moves it to its place when it is complete, so that an interrupted start
 * leaves no partial data. If `account` may not enter the folder, the cluster is created below ELSEWHERE, and
 * `directory` becomes a link to it.
 * @throws Error if another file is there, or initdb fails
 */
export async function createCluster(
  directory: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<Cluster> {
  await checkVacant(directory)
  const parent = dirname(directory)
  const reachable = account === undefined || closedFolder(parent, account) === undefined
  const home = reachable ? join(realpathSync(parent), basename(directory)) : await makeElsewhere()
  await removeLeftovers(home)
  const workshop = await mkdtemp(`${home}.initialising-`)
  if (account !== undefined) await chown(workshop, account.uid, account.gid)
  const password = randomBytes(32).toString('base64url')
  const secret = join(workshop, 'password')
  await writeFile(secret, password, { mode: 0o600 })
  if (account !== undefined) await chown(secret, account.uid, account.gid)
  const fresh = join(workshop, 'cluster')
  await runCommand(
    binaries.initdb,
    [
      ...['-D', fresh, '--username', SUPERUSER, '--pwfile', secret, '--auth', 'scram-sha-256'],
      ...[
        '--encoding',
        'UTF8',
        '--locale',
        'C',
        '--locale-provider',
        'builtin',
        '--builtin-locale',
        'C.UTF-8',
      ],
    ],
    workshop,
    account,
  )
  await writeDurably(passwordFile(directory), `${password}\n`)
  await rename(fresh, home)
  await rm(workshop, { recursive: true })
  if (!reachable) await symlink(home, directory)
  return { home, password }
}

/** Replaces a small private file, so that a crash leaves the old or the new content. */
export async function writeDurably(file: string, content: string): Promise<void> {
  const draft = `${file}.new`
  const handle = await open(draft, 'w', 0o600)
  await handle.writeFile(content)
  await handle.sync()
  await handle.close()
  await rename(draft, file)
}

async function checkVacant(directory: string): Promise<void> {
  const found = lstatSync(directory, { throwIfNoEntry: false })
  if (found?.isSymbolicLink() && !existsSync(directory)) {
    throw new Error(
      `${directory} points to ${readlinkSync(directory)}, which does not exist: restore that folder, or remove the ` +
        'link to start with an empty database',
    )
  }
  if (found !== undefined && (await readdir(directory)).length > 0) {
    throw new Error(`${directory} is not empty and holds no PostgreSQL data: choose another folder`)
  }
}

function passwordFile(directory: string): string {
  return `${directory}.password`
}

async function makeElsewhere(): Promise<string> {
  await mkdir(ELSEWHERE, { recursive: true })
  await chmod(ELSEWHERE, 0o755)
  const folder = await mkdtemp(join(ELSEWHERE, 'data-'))
  await chmod(folder, 0o755)
  return join(folder, 'postgres')
}

async function removeLeftovers(home: string): Promise<void> {
  for (const name of await readdir(dirname(home))) {
    if (name.startsWith(`${basename(home)}.initialising-`)) {
      await rm(join(dirname(home), name), { recursive: true, force: true })
    }
  }
}
