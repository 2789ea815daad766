/** The job that the form of the next sweep starts from. A reload forgets it. */
import type { JobRequest } from '../api/types.js'

let request: JobRequest = { dataset: 'iris' } as JobRequest

export const baseRequest = () => request

export function setBaseRequest(next: JobRequest): void {
  request = next
}
