/** How often the tests of this folder strike. */
const given = process.env.CHAOS_KILLS

/** CHAOS_KILLS, or as few as every test run has time for. `npm run chaos` sets it. */
export function countStrikes(few: number): number {
  return given === undefined ? few : Number(given)
}
