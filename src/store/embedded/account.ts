import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The operating-system user PostgreSQL runs as when we are root, whom it refuses to serve. */
export interface Account {
  uid: number
  gid: number
}

const ACCOUNT_NAMES = ['postgres', 'descent']

/**
 * The account to run PostgreSQL under: the owner of an existing data directory, else the user `postgres`,
 * else a system user `descent` made for it. Undefined when we are not root and so run it as ourselves.
 * @throws when the data directory belongs to somebody else, or no user can be made
 */
export function serverAccount(dataDirectory: string | undefined): Account | undefined {
  const own = process.getuid?.()
  if (own === undefined) return undefined
  const owner = dataDirectory === undefined ? undefined : statSync(dataDirectory)
  if (own !== 0) {
    if (owner !== undefined && owner.uid !== own) {
      throw new Error(
        `${dataDirectory} belongs to user number ${owner.uid}: run Descent as that user or as root, or choose another folder`,
      )
    }
    return undefined
  }
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return existingAccount() ?? createdAccount()
}

/** The first folder on the way to `path` that the account may not enter, or undefined if it can read the path. */
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
      // Whether it was missing, failed or lost a race against another start shows in the look-up below.
    }
    const account = existingAccount()
    if (account !== undefined) return account
  }
  throw new Error(
    'PostgreSQL refuses to run as root and no user could be made for it: run Descent as another user, ' +
      'add a user named postgres, or set DATABASE_URL to a PostgreSQL of your own',
  )
}

function accountNumber(flag: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}
