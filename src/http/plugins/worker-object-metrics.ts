/** Requests of all workers to the object store, in the text format of Prometheus. */
import { type ObjectRequests, objectRequestBounds } from '../../training/ports/service-metrics.js'
import { histogramLines } from './histogram-lines.js'

export function workerObjectMetrics(prefix: string, requests: readonly ObjectRequests[]): string {
  const name = `${prefix}worker_object_store_request_seconds`
  return [
    `# HELP ${name} Seconds of each attempt of a request of all workers to the object store, by operation and outcome (from the database)`,
    `# TYPE ${name} histogram`,
    ...requests.flatMap(({ operation, outcome, seconds, counts }) =>
      histogramLines(name, {
        ...{ labels: `operation="${operation}",outcome="${outcome}"`, bounds: objectRequestBounds, counts },
        ...{ count: counts.reduce((sum, count) => sum + count, 0), sum: seconds },
      }),
    ),
    '',
  ].join('\n')
}
