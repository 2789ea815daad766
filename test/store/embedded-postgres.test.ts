import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { keepPostgres } from '../../src/process/supervisor.js'
import { lockHolder, readLockFile } from '../../src/store/embedded/postmaster.js'
import { numberIsTaken, processBirth } from '../../src/store/embedded/process-birth.js'
import {
  type EmbeddedPostgres,
  FolderInUseError,
  startEmbeddedPostgres,
} from '../../src/store/embedded-postgres.js'

const isRoot = process.getuid?.() === 0

let folder: string
let directory: string
const running = new Set<EmbeddedPostgres>()
const silentLog = pino({ level: 'silent' })

beforeAll(async () => {
  folder = await openFolder()
  directory = join(folder, 'a folder', 'postgres')
})

afterEach(async () => {
  await Promise.all([...running].map((server) => server.stop()))
  running.clear()
})

afterAll(() => rm(folder, { recursive: true }))

/** A folder that the user of PostgreSQL may enter, if root runs the tests. */
async function openFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'descent-embedded-'))
  await chmod(made, 0o711)
  return realpathSync(made)
}

async function start(where = directory, onExit?: (reason: string) => void): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ directory: where, log: silentLog, ...(onExit && { onExit }) })
  running.add(server)
  return server
}

async function ask(
  server: Pick<EmbeddedPostgres, 'connectionString'>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A separate process that starts the server, and leads a process group as a foreground job of a terminal does. */
async function startOwner(): Promise<{ owner: ChildProcess; answer: string }> {
  const script = join(import.meta.dirname, '../support/postgres-owner.ts')
  const owner = spawn(process.execPath, ['--import', 'tsx', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  onTestFinished(() => {
    owner.kill('SIGKILL')
  })
  const [line] = await once(owner.stdout, 'data')
  return { owner, answer: String(line).trim() }
}

async function kill(owner: ChildProcess, signal: NodeJS.Signals, wholeGroup = false): Promise<void> {
  const ended = once(owner, 'exit')
  process.kill(wholeGroup ? -Number(owner.pid) : Number(owner.pid), signal)
  await ended
}

describe('starting and stopping', () => {
  it('creates a database that only this machine reaches, with a password, and keeps its data', async () => {
    const first = await start()
    const address = new URL(first.connectionString)
    expect(address.hostname).toBe('127.0.0.1')
    expect(address.pathname).toBe('/descent')
    expect(address.password).toMatch(/^[\w-]{43}$/)
    expect(address.port).not.toBe('5432')
    await ask(first, `CREATE TABLE kept AS SELECT 'é' AS word`)
    expect(
      await ask(
        first,
        `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits,
           current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets,
           current_setting('server_encoding') AS encoding, current_setting('password_encryption') AS passwords`,
      ),
    ).toEqual([
      {
        fsync: 'on',
        commits: 'on',
        addresses: '127.0.0.1',
        sockets: '',
        encoding: 'UTF8',
        passwords: 'scram-sha-256',
      },
    ])
    await first.stop()
    expect(numberIsTaken(first.pid)).toBe(false)

    const second = await start()
    expect(second.connectionString).toBe(first.connectionString)
    expect(await ask(second, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
  })

  it('hides its password from other users, and refuses a wrong one', async () => {
    const server = await start()
    expect((await stat(`${directory}.password`)).mode & 0o777).toBe(0o600)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    const address = new URL(server.connectionString)
    address.password = 'guessed'
    const intruder = new pg.Client({ connectionString: address.href })
    await expect(intruder.connect()).rejects.toThrow(/password authentication failed/)
  })

  it('stops once although called twice, and although a transaction is open', async () => {
    const server = await start()
    const client = new pg.Client({ connectionString: server.connectionString })
    client.on('error', () => {})
    await client.connect()
    await client.query('BEGIN; CREATE TABLE never (x INTEGER)')
    const stopping = server.stop()
    expect(server.stop()).toBe(stopping)
    await stopping
    expect(processBirth(server.pid)).toBeUndefined()
    expect(await ask(await start(), `SELECT to_regclass('never') AS found`)).toEqual([{ found: null }])
  })

  it('takes another port when the remembered one is in use', async () => {
    const first = await start()
    await first.stop()
    const { port } = new URL(first.connectionString)
    const squatter = spawn(
      process.execPath,
      [
        '-e',
        `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    onTestFinished(() => {
      squatter.kill()
    })
    await once(squatter.stdout, 'data')
    const second = await start()
    expect(new URL(second.connectionString).port).not.toBe(port)
    expect(await ask(second, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
  })

  it('waits for a required port that another program uses for a moment', async () => {
    const first = await start()
    await first.stop()
    const port = Number(new URL(first.connectionString).port)
    const squatter = createServer().listen(port, '127.0.0.1')
    await once(squatter, 'listening')
    let isFree = false
    setTimeout(() => {
      isFree = true
      squatter.close()
    }, 500)
    const second = await startEmbeddedPostgres({ directory, log: silentLog, port })
    running.add(second)
    expect(isFree).toBe(true)
    expect(second.connectionString).toBe(first.connectionString)
  })

  it('leaves nothing after an interrupted first start', async () => {
    const other = join(folder, 'interrupted', 'postgres')
    await mkdir(`${other}.initialising-abc/cluster`, { recursive: true })
    await start(other)
    const left = await readdir(dirname(other))
    expect(left.filter((name) => name.includes('initialising'))).toEqual([])
  })
})

describe('one owner per folder', () => {
  it('refuses a second start in the same process and names the owner', async () => {
    await start()
    await expect(start()).rejects.toThrow(new FolderInUseError(dirname(directory), process.pid))
  })

  it('refuses a second process while the first runs', async () => {
    await start()
    const { answer } = await startOwner()
    expect(answer).toBe(
      `another Descent is running on this folder (pid ${process.pid}): ${dirname(directory)}`,
    )
  })

  it('lets exactly one of two concurrent starts win', async () => {
    const outcomes = await Promise.allSettled([start(), start()])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('after the owner was killed, a start', () => {
  it('adopts the server that still runs', async () => {
    const { owner, answer } = await startOwner()
    await kill(owner, 'SIGKILL')
    const server = await start()
    expect(server.pid).toBe(Number(answer))
    expect(await ask(server, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
    await server.stop()
    expect(processBirth(server.pid)).toBeUndefined()
  })

  it('finds a server that a Ctrl-C for its owner did not stop', async () => {
    const { owner, answer } = await startOwner()
    await kill(owner, 'SIGINT', true)
    expect((await start()).pid).toBe(Number(answer))
  })

  it('replaces a server that does not answer', async () => {
    const { owner, answer } = await startOwner()
    await kill(owner, 'SIGKILL')
    const adopted = await start()
    await ask(adopted, 'ALTER DATABASE postgres ALLOW_CONNECTIONS false')
    // From now on, the adopted server rejects the query of an adoption.
    await rm(`${directory}.owner`)
    running.delete(adopted)
    const server = await start()
    expect(server.pid).not.toBe(Number(answer))
    expect(processBirth(Number(answer))).toBeUndefined()
    await ask(server, 'ALTER DATABASE postgres ALLOW_CONNECTIONS true')
  })

  it('works if the server was killed as well, with all committed data', async () => {
    const { owner, answer } = await startOwner()
    await kill(owner, 'SIGKILL')
    process.kill(Number(answer), 'SIGKILL')
    const server = await start()
    expect(server.pid).not.toBe(Number(answer))
    expect(await ask(server, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
  })

  it('does not mistake another program with the same process id for the server', async () => {
    const first = await start()
    const lock = await readFile(join(directory, 'postmaster.pid'), 'utf8')
    await first.stop()
    const stranger = spawn('sleep', ['60'])
    onTestFinished(() => {
      stranger.kill()
    })
    await writeFile(join(directory, 'postmaster.pid'), lock.replace(/^\d+/, String(stranger.pid)))
    const server = await start()
    expect(await ask(server, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
    expect(stranger.exitCode).toBeNull()
  })
})

describe('the identity of a server', () => {
  it('distinguishes our server from that of a copied folder and from another program', async () => {
    await start()
    const home = realpathSync(directory)
    const lock = readLockFile(home)
    if (lock === undefined) throw new Error('a running server has a lock file')
    expect(lockHolder(home, lock)).toBe('ours')
    expect(lockHolder(folder, lock)).toBe('none')
    expect(lockHolder(home, { ...lock, pid: process.pid })).toBe('none')
  })
})

describe('a server that dies while we run', () => {
  it('is reported once, and the folder can be started again after stop', async () => {
    const reasons: string[] = []
    const server = await start(directory, (reason) => reasons.push(reason))
    process.kill(server.pid, 'SIGKILL')
    await expect.poll(() => reasons).toEqual([`PostgreSQL (pid ${server.pid}) ended: SIGKILL`])
    await server.stop()
    expect(await ask(await start(), 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
    expect(reasons).toHaveLength(1)
  })

  it('starts again on its port after its last process has released its memory', async () => {
    const server = await start()
    const client = new pg.Client({ connectionString: server.connectionString })
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const backend = z.number().parse(rows[0]?.pid)
    process.kill(backend, 'SIGSTOP')
    let holds = true
    setTimeout(() => {
      holds = false
      process.kill(backend, 'SIGCONT')
    }, 500)
    process.kill(server.pid, 'SIGKILL')
    await server.stop()
    const { connectionString } = await start()
    expect(holds).toBe(false)
    expect(connectionString).toBe(server.connectionString)
  })

  it('is reported for an adopted server too', async () => {
    const { owner } = await startOwner()
    await kill(owner, 'SIGKILL')
    const reasons: string[] = []
    const server = await start(directory, (reason) => reasons.push(reason))
    process.kill(server.pid, 'SIGKILL')
    await expect.poll(() => reasons, { timeout: 5_000 }).toEqual([`PostgreSQL (pid ${server.pid}) ended`])
  })

  it('is not reported after a call of stop', async () => {
    const reasons: string[] = []
    const server = await start(directory, (reason) => reasons.push(reason))
    await server.stop()
    expect(reasons).toEqual([])
  })
})

describe('a server that is kept running', () => {
  it('restarts on the same port, repeatedly', async () => {
    let hasGivenUp = false
    const kept = await keepPostgres(directory, silentLog, () => {
      hasGivenUp = true
    })
    onTestFinished(() => kept.stop())
    for (let death = 0; death < 2; death++) {
      const pid = kept.pid()
      process.kill(pid, 'SIGKILL')
      await expect.poll(() => kept.pid(), { timeout: 10_000 }).not.toBe(pid)
      expect(await ask(kept, 'SELECT word FROM kept')).toEqual([{ word: 'é' }])
    }
    expect(hasGivenUp).toBe(false)
  })

  it('is given up if its data was removed, because a new one would have another password', async () => {
    const removed = join(folder, 'removed', 'postgres')
    let hasGivenUp = false
    const kept = await keepPostgres(removed, silentLog, () => {
      hasGivenUp = true
    })
    onTestFinished(() => kept.stop())
    await rm(dirname(removed), { recursive: true })
    process.kill(kept.pid(), 'SIGKILL')
    await expect.poll(() => hasGivenUp, { timeout: 20_000 }).toBe(true)
  })
})

describe('a start that cannot work', () => {
  it('reports a missing password', async () => {
    await rename(`${directory}.password`, `${directory}.aside`)
    onTestFinished(() => rename(`${directory}.aside`, `${directory}.password`))
    await expect(start()).rejects.toThrow(/postgres\.password is missing: restore it/)
  })

  it('does not touch a folder with other files', async () => {
    const other = join(folder, 'photographs')
    await mkdir(other)
    await writeFile(join(other, 'cat.jpeg'), 'a cat')
    await expect(start(other)).rejects.toThrow(/photographs is not empty and holds no PostgreSQL data/)
    expect(await readdir(other)).toEqual(['cat.jpeg'])
  })

  it('reports the log of a server that cannot start, and releases the folder', async () => {
    const settings = join(directory, 'postgresql.conf')
    const intact = await readFile(settings, 'utf8')
    await writeFile(settings, `${intact}\nmax_connections = many\n`)
    await expect(start()).rejects.toThrow(/invalid value for parameter "max_connections": "many"/)
    await writeFile(settings, intact)
    expect((await start()).pid).toBeGreaterThan(0)
  })
})

if (!isRoot) console.warn('skipped: only root has a PostgreSQL that may not enter its folders')

describe.skipIf(!isRoot)('root in a private folder', () => {
  it('keeps the data where the account of PostgreSQL may enter, linked from the folder', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'descent-closed-'))
    const inside = join(closed, 'postgres')
    onTestFinished(async () => {
      await rm(dirname(realpathSync(inside)), { recursive: true })
      await rm(closed, { recursive: true })
    })
    const first = await start(inside)
    await ask(first, 'CREATE TABLE kept ()')
    await first.stop()
    expect(lstatSync(inside).isSymbolicLink()).toBe(true)
    const second = await start(inside)
    expect(await ask(second, `SELECT to_regclass('kept') AS found`)).toEqual([{ found: 'kept' }])
    await second.stop()
  })

  it('names the folder that the account may no longer enter', async () => {
    const parent = dirname(directory)
    await chmod(parent, 0o700)
    onTestFinished(() => chmod(parent, 0o755))
    await expect(start()).rejects.toThrow(`who may not enter ${parent}: allow it`)
    expect(existsSync(`${directory}.owner`)).toBe(false)
  })
})
