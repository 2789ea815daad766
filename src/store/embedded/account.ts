import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The operating-system user for PostgreSQL, which refuses to run as root. */
export interface Account {
  uid: number
  gid: number
}

const ACCOUNT_NAMES = ['postgres', 'descent']

/**
 * The account to run PostgreSQL under: the owner of an existing data directory, else the user `postgres`,
 * else a system user `descent`, which is created. Undefined if we are not root, so that PostgreSQL runs as
 * our user.
 * @throws Error if the data directory belongs to another user, or no user can be created
 */
export function serverAccount(dataDirectory: string | undefined): Account | undefined {
  const own = process.getuid?.()
  if (own === undefined) return undefined
  const owner = dataDirectory === undefined ? undefined : statSync(dataDirectory)
  if (own !== 0) {
    if (owner !== undefined && owner.uid !== own) {
      throw new Error(
        `${dataDirectory} belongs to the user with id ${owner.uid}: run Descent as that user or as root, or choose another folder`,
      )
    }
    return undefined
  }
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return existingAccount() ?? createdAccount()
}

/** The first folder in `path` that the account may not enter; undefined if it can read the path. */
export function closedFolder(path: string, account: Account): string | undefined {
  const steps: string[] = []
  for (let step = realpathSync(path); ; step = dirname(step)) {
    steps.unshift(step)
    if (dirname(step) === step) break
  }
  return steps.find((step) => !mayEnter(step, account))
}

function mayEnter(path: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(path)
  if (uid === account.uid) return (mode & 0o100) !== 0
  if (gid === account.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

function existingAccount(): Account | undefined {
  for (const name of ACCOUNT_NAMES) {
    const uid = accountNumber('-u', name)
    const gid = accountNumber('-g', name)
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid }
  }
  return undefined
}

function createdAccount(): Account {
  const commands: [string, string[]][] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'descent']],
    ['adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', 'descent']],
  ]
  for (const [command, args] of commands) {
    try {
      execFileSync(command, args, { stdio: 'ignore' })
    } catch {
      // The lookup below shows whether the user was created, by this process or by a concurrent one.
    }
    const account = existingAccount()
    if (account !== undefined) return account
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and no user could be created for it: run Descent as another user, ' +
      'add a user named postgres, or set DATABASE_URL to another PostgreSQL server',
  )
}

function accountNumber(flag: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}
