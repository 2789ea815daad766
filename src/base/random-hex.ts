import { randomBytes } from 'node:crypto'

/** Bytes of one system call, which costs more than its bytes. */
const poolBytes = 4_096

let pool = ''
let used = 0

/** Returns random hexadecimal digits for ids. */
export function randomHex(digits: number): string {
  if (used + digits > pool.length) {
    pool = randomBytes(poolBytes).toString('hex')
    used = 0
  }
  used += digits
  return pool.slice(used - digits, used)
}
